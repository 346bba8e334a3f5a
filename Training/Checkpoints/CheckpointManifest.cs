namespace Bam.Training.Checkpoints;

/// <summary>Content of <c>manifest.json</c>, the file written last: a folder without a valid one is no checkpoint.</summary>
public sealed record CheckpointManifest
{
    public const string FileName = "manifest.json";

    /// <summary>Version of the folder's layout.</summary>
    public int Format { get; init; } = 1;

    public required long Step { get; init; }

    /// <summary>Attempt that published it.</summary>
    public required int Attempt { get; init; }

    /// <summary>Folder of the checkpoint that the attempt went on from; null for a fresh start.</summary>
    public string? Parent { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Every other file of the folder, by name.</summary>
    public required IReadOnlyDictionary<string, FileEntry> Files { get; init; }
}
