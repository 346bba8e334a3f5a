using System.Reflection;
using System.Runtime.InteropServices;
using Bam.Training.Native;

namespace Bam.Training.Kernels;

/// <summary>
/// Finds the CUDA libraries that the loaded libtorch brought along, or those of a CUDA install, whatever their version: the driver, the
/// run-time compiler and the matrix products.
/// </summary>
internal static class CudaLibraries
{
    public const string Driver = "bam-cuda", Compiler = "bam-nvrtc", Products = "bam-cublaslt";

    private static readonly Lazy<Dictionary<string, nint>> Handles = new(Open);

    /// <summary>What is missing to run kernels of our own; null for nothing.</summary>
    public static string? Missing => Handles.Value is var found && found.GetValueOrDefault(Driver) == 0
        ? "no CUDA driver (libcuda.so.1)"
        : found.GetValueOrDefault(Compiler) == 0
            ? "no run-time compiler (libnvrtc.so) beside libtorch or in /usr/local/cuda"
            : found.GetValueOrDefault(Products) == 0 ? "no libcublasLt.so beside libtorch or in /usr/local/cuda" : null;

    private static Dictionary<string, nint> Open()
    {
        NativeLibrary.SetDllImportResolver(typeof(CudaLibraries).Assembly, Resolve);
        var folders = Folders().Where(Directory.Exists).Distinct().ToArray();
        return new Dictionary<string, nint>
        {
            [Driver] = NativeLibrary.TryLoad("libcuda.so.1", out var driver) ? driver : 0,
            [Compiler] = First(folders, "libnvrtc.so*"),
            [Products] = First(folders, "libcublasLt.so*"),
        };
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name is Driver or Compiler or Products ? Handles.Value.GetValueOrDefault(name) : 0;

    private static nint First(string[] folders, string pattern)
    {
        foreach (var file in folders.SelectMany(folder => Directory.EnumerateFiles(folder, pattern)).Where(file => !file.Contains(".alt.", StringComparison.Ordinal)))
        {
            if (NativeLibrary.TryLoad(file, out var handle))
                return handle;
        }

        return 0;
    }

    /// <summary>Where libtorch's own CUDA libraries lie; PyTorch's wheels keep each in a folder of its own.</summary>
    private static IEnumerable<string> Folders()
    {
        var loaded = File.ReadLines("/proc/self/maps").Select(line => line[(line.IndexOf('/') is var at and >= 0 ? at : line.Length)..])
            .Where(path => path.Contains("libcublasLt.so", StringComparison.Ordinal) || path.Contains("libcudart.so", StringComparison.Ordinal))
            .Select(path => Path.GetDirectoryName(path)!).Distinct().ToArray();
        foreach (var folder in loaded)
        {
            yield return folder;
            foreach (var package in new[] { "cuda_nvrtc", "cublas" })
                yield return Path.GetFullPath(Path.Combine(folder, "..", "..", package, "lib"));
        }

        yield return TorchLibrary.Load().Folder;
        yield return "/usr/local/cuda/lib64";
    }
}
