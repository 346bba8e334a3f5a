namespace Bam.Training.Checkpoints;

/// <summary>One file of a checkpoint.</summary>
/// <param name="Size">Length in bytes.</param>
/// <param name="Sha256">SHA-256 of the content, lower-case hex.</param>
public sealed record FileEntry(long Size, string Sha256);
