using System.Reflection;
using System.Runtime.InteropServices;

namespace Bam.Training.Native;

/// <summary>
/// Finds libtorch and TorchSharp's native half and loads both by full path, once, before TorchSharp looks for them itself.
/// An explicit folder wins (<see cref="FolderVariable"/>; the <c>lib</c> folder of a PyTorch install will do), then the published
/// <c>native</c> folder, then the NuGet package that the build recorded.
/// </summary>
public static partial class TorchLibrary
{
    /// <summary>Environment variable that names the folder of libtorch.</summary>
    public const string FolderVariable = "BAM_LIBTORCH";

    private const string Shim = "libLibTorchSharp.so";
    private const int Now = 2, Global = 0x100;

    private static readonly Lock Gate = new();
    private static TorchLibraryInfo? _loaded;

    /// <summary>Sets how many CPU threads torch uses for the calling thread's operations; call it first thing on a torch thread.</summary>
    public static void UseThreads(int threads) => TorchSharp.torch.set_num_threads(threads);

    /// <summary>Loads libtorch, unless that was done before.</summary>
    /// <exception cref="TorchLibraryException">Nothing fits; one line with the remedy.</exception>
    public static TorchLibraryInfo Load()
    {
        lock (Gate)
            return _loaded ??= Load(Find(Environment.GetEnvironmentVariable(FolderVariable), ProgramFolders(), Recorded("LibTorchFolder")));
    }

    /// <summary>Chooses the folder of libtorch without loading anything.</summary>
    /// <param name="chosen">Folder that the user named; null or empty for none.</param>
    /// <param name="beside">Folders of the program, the likeliest first.</param>
    /// <param name="package">Folder of the NuGet package; null for none.</param>
    /// <exception cref="TorchLibraryException">No folder holds it, or the chosen one does not.</exception>
    internal static TorchLibraryInfo Find(string? chosen, IEnumerable<string> beside, string? package)
    {
        if (chosen is { Length: > 0 })
        {
            var folder = new[] { chosen, Path.Combine(chosen, "lib") }.FirstOrDefault(IsLibTorch) ?? throw new TorchLibraryException(
                $"{FolderVariable}={chosen}: no libtorch_cpu.so in it; name the folder that python3 -c " +
                "\"import torch,os;print(os.path.dirname(torch.__file__)+'/lib')\" prints, or unset it to use the CPU package");
            return Describe(folder, FolderVariable);
        }

        foreach (var folder in beside.Where(IsLibTorch))
            return Describe(folder, "beside the program");
        if (package is not null && IsLibTorch(package))
            return Describe(package, "NuGet package");
        throw new TorchLibraryException(
            $"libtorch not found: no native/libtorch_cpu.so beside the program and no NuGet package libtorch-cpu-linux-x64; " +
            $"run 'dotnet restore', or set {FolderVariable} to the lib folder of a PyTorch install");
    }

    private static TorchLibraryInfo Load(TorchLibraryInfo library)
    {
        // PyTorch's own order. The CUDA parts must come before libtorch.so, which only ties the others together.
        string[] parts = ["libtorch_global_deps.so", "libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];
        string[] needed = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];
        foreach (var part in parts)
        {
            var path = Path.Combine(library.Folder, part);
            var optional = !needed.Contains(part);
            if (optional && !File.Exists(path))
                continue;
            // Global dependencies are a convenience of Python's: their absence is the fault of nobody.
            if (Open(path, Now | Global) == 0 && part != "libtorch_global_deps.so")
                throw new TorchLibraryException($"{path} does not load: {LastError()}; install what it needs, or set {FolderVariable} to another libtorch");
        }

        var patched = ShimCache.Prepare(FindShim(), ShimCache.Roots());
        if (Open(patched, Now | Global) == 0)
            throw new TorchLibraryException(
                $"{Shim} (TorchSharp 0.107.0) does not fit {library.Folder}: {LastError()}; it needs glibc 2.34 and libtorch 2.10 or a close neighbour");
        return library;
    }

    /// <summary>TorchSharp's native half, as it was delivered.</summary>
    internal static string FindShim() => ShimCandidates().FirstOrDefault(File.Exists) ?? throw new TorchLibraryException(
        $"{Shim} not found beside the program nor in the NuGet package TorchSharp; run 'dotnet restore' and build again");

    private static IEnumerable<string> ProgramFolders()
    {
        var program = AppContext.BaseDirectory;
        yield return Path.Combine(program, "native");
        yield return Path.GetFullPath(Path.Combine(program, "..", "native"));
        yield return Path.Combine(program, "runtimes", "linux-x64", "native");
    }

    private static IEnumerable<string> ShimCandidates()
    {
        foreach (var folder in ProgramFolders())
            yield return Path.Combine(folder, Shim);
        if (Recorded("TorchSharpFolder") is { } package)
            yield return Path.Combine(package, Shim);
    }

    private static TorchLibraryInfo Describe(string folder, string source) =>
        new(folder, source, File.Exists(Path.Combine(folder, "libtorch_cuda.so")));

    private static bool IsLibTorch(string folder) => File.Exists(Path.Combine(folder, "libtorch_cpu.so"));

    private static string? Recorded(string key) => typeof(TorchLibrary).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(attribute => attribute.Key == key)?.Value;

    private static string LastError() => Marshal.PtrToStringUTF8(Error()) ?? "no reason given";

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dlerror")]
    private static partial nint Error();
}
