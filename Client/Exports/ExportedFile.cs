namespace Bam.Client.Exports;

/// <summary>A file of an exported model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Sha256">SHA-256 of the content, lower-case hex.</param>
internal sealed record ExportedFile(string Name, long Size, string Sha256);
