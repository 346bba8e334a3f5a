using Bam.Training.Checkpoints;

namespace Bam.Training.Tests.Checkpoints;

/// <summary>A member's store of its own, with checkpoints of one small tensor.</summary>
internal sealed class CheckpointFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CheckpointFolder() => Store = new MemberStore(_folder.At("run", "member"));

    public MemberStore Store { get; }

    public string At(params string[] names) => Path.Combine([Store.Folder, .. names]);

    public Checkpoint Publish(long step, int attempt = 0, float value = 1) =>
        Store.Publish(step, attempt, null, 100, folder => Files(folder, value));

    public static Dictionary<string, FileEntry> Files(string folder, float value = 1) => new()
    {
        [Checkpoint.ModelFile] = SafeTensorsWriter.Write(
            Path.Combine(folder, Checkpoint.ModelFile), [("w", [3])], _ => new[] { value, 2, 3 }),
        [Checkpoint.OptimizerFile] = SafeTensorsWriter.Write(
            Path.Combine(folder, Checkpoint.OptimizerFile), [("m", [3])], _ => new[] { 4f, 5, 6 }),
    };

    /// <summary>Names of all that lies in the member's folder.</summary>
    public IEnumerable<string> Names => Directory.Exists(Store.Folder)
        ? Directory.EnumerateFileSystemEntries(Store.Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)
        : [];

    public void Dispose() => _folder.Dispose();
}
