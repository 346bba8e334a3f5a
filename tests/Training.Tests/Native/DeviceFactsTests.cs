using Bam.Training.Native;

namespace Bam.Training.Tests.Native;

public sealed class DeviceFactsTests
{
    [Theory]
    [InlineData("NVIDIA H100 80GB HBM3", 989e12)]
    [InlineData("NVIDIA H100 PCIe", 756e12)]
    [InlineData("NVIDIA H100 NVL", 835e12)]
    [InlineData("NVIDIA H200", 989e12)]
    [InlineData("NVIDIA GH200 480GB", 989e12)]
    [InlineData("NVIDIA A100-SXM4-80GB", 312e12)]
    [InlineData("NVIDIA A10G", 70e12)]
    [InlineData("NVIDIA L40S", 362e12)]
    [InlineData("NVIDIA L4", 121e12)]
    [InlineData("NVIDIA B200", 2250e12)]
    [InlineData("Quadro P400", null)]
    public void A_GPUs_peak_is_known_by_the_drivers_name(string name, double? peak) => Assert.Equal(peak, KnownGpus.Peak(name));

    [Fact]
    public void A_CPUs_peak_is_measured_and_lies_between_a_gigaflop_and_ten_teraflops()
    {
        var cpu = DeviceFacts.Of("cpu", peakFlops: null);

        Assert.InRange(cpu.PeakFlops!.Value, 1e9, 1e13);
        Assert.InRange(cpu.MemoryInUse()!.Value, 10L << 20, cpu.Memory);
        Assert.NotEmpty(cpu.Name);
    }

    [Fact]
    public void A_peak_that_was_given_counts() => Assert.Equal(5e12, DeviceFacts.Of("cpu", peakFlops: 5e12).PeakFlops);

    [Fact]
    public void Without_a_driver_a_GPU_is_unknown_and_nothing_is_claimed_of_it()
    {
        Assert.SkipWhen(File.Exists("/dev/nvidiactl"), "this host has a GPU");

        var gpu = DeviceFacts.Of("cuda:1", peakFlops: null);

        Assert.Equal(("unknown", null, 0L, null), (gpu.Name, gpu.PeakFlops, gpu.Memory, gpu.MemoryInUse()));
    }
}
