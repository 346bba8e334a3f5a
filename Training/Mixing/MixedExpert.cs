namespace Bam.Training.Mixing;

/// <summary>One expert of a mixture.</summary>
/// <param name="Name">Name of its source.</param>
/// <param name="Folder">Checkpoint it was taken from.</param>
/// <param name="ModelSha256">SHA-256 of that checkpoint's weights.</param>
public sealed record MixedExpert(string Name, string Folder, string ModelSha256);
