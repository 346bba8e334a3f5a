using System.Collections.Concurrent;
using Bam.Training.Kernels;
using Bam.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Fused;

/// <summary>
/// Where training takes the fused step with kernels of our own: bfloat16 on a CUDA device whose host can compile them, and float32 on a CPU;
/// with several threads, where libtorch's can be had for our rows, too.
/// </summary>
internal static class FastPath
{
    /// <summary>Environment variable that turns it off with <c>off</c>, to compare or to work around it.</summary>
    public const string Variable = "BAM_FAST_PATH";

    private static readonly ConcurrentDictionary<int, string?> Found = new();

    public static bool IsOff => Environment.GetEnvironmentVariable(Variable) == "off";

    public static bool Serves(ModelConfig config, Device device, ScalarType compute) =>
        FusedStep.Fits(config) && !IsOff && (device.type == DeviceType.CUDA
            ? compute == ScalarType.BFloat16 && Problem(device) is null
            : compute == ScalarType.Float32 && (get_num_threads() == 1 || CpuTeam.IsThere));

    /// <summary>The operations of a fused step on a device.</summary>
    public static IStepKernels Kernels(Device device) => device.type == DeviceType.CUDA ? new CudaKernels(device) : new CpuKernels(get_num_threads());

    /// <summary>Why a CUDA device has to train by autograd, in a line; null when it need not. Compiles the kernels when first asked.</summary>
    public static string? Problem(Device device) => Found.GetOrAdd(Math.Max(0, device.index), index =>
    {
        if (CudaLibraries.Missing is { } missing)
            return missing;
        try
        {
            CudaKernels.Prepare(index);
            return null;
        }
        catch (InvalidOperationException e)
        {
            return e.Message;
        }
    });
}
