namespace Bam.Silo.Tests;

internal sealed class TemporaryFolder : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("bam silo ").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
