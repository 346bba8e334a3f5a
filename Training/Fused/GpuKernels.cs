using Bam.Training.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Fused;

/// <summary>Whether this host's GPU trains by kernels of our own.</summary>
public static class GpuKernels
{
    /// <summary>Whether the loaded libtorch sees a GPU.</summary>
    public static bool HasDevice => TorchLibrary.Load().HasCuda && cuda.is_available();

    /// <summary>Why bfloat16 trains by autograd on the first GPU, in a line; null when it need not. Compiles the kernels, which takes seconds.</summary>
    public static string? Problem()
    {
        if (FastPath.IsOff)
            return $"{FastPath.Variable}=off";
        InitializeDeviceType(DeviceType.CUDA);
        return FastPath.Problem(new Device(DeviceType.CUDA, 0));
    }
}
