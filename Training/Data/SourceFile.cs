namespace Bam.Training.Data;

/// <summary>A file that a corpus was made from.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Bytes">Size on disk.</param>
/// <param name="Sha256">SHA-256 of the file as it lies on disk, in lower-case hex.</param>
public sealed record SourceFile(string Path, long Bytes, string Sha256);
