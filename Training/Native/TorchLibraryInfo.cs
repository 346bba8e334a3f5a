namespace Bam.Training.Native;

/// <summary>The libtorch that this process runs on.</summary>
/// <param name="Folder">Folder of <c>libtorch_cpu.so</c>.</param>
/// <param name="Source">Who chose it: <c>BAM_LIBTORCH</c>, <c>beside the program</c> or <c>NuGet package</c>.</param>
/// <param name="HasCuda">Whether it brings CUDA.</param>
public sealed record TorchLibraryInfo(string Folder, string Source, bool HasCuda)
{
    public override string ToString() => $"{Folder} ({Source}{(HasCuda ? ", CUDA" : "")})";
}
