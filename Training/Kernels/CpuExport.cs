using System.Runtime.InteropServices;

namespace Bam.Training.Kernels;

/// <summary>Functions that libtorch's library for CPUs has inside, and that TorchSharp does not offer.</summary>
internal static class CpuExport
{
    /// <returns>The function's address; 0 where this libtorch has none of the name.</returns>
    public static nint Find(string name) =>
        NativeLibrary.TryLoad("libtorch_cpu.so", typeof(CpuExport).Assembly, null, out var library) && NativeLibrary.TryGetExport(library, name, out var function)
            ? function
            : 0;
}
