using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>Memory of the host that a device copies into without stopping the thread that asks: pinned where the device is CUDA.</summary>
internal static class HostMemory
{
    /// <summary>A float32 tensor of zeros.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="device">Where the copies will come from.</param>
    public static Tensor Zeros(ReadOnlySpan<long> shape, Device device)
    {
        using var scope = NewDisposeScope();
        var plain = zeros(shape, ScalarType.Float32);
        return (device.type == DeviceType.CUDA ? plain.pin_memory() : plain).MoveToOuterDisposeScope();
    }
}
