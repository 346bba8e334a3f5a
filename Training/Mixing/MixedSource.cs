namespace Bam.Training.Mixing;

/// <summary>A dense model that went into a mixture.</summary>
/// <param name="Name">Name of the seed model or branch.</param>
/// <param name="Folder">Checkpoint it was taken from.</param>
/// <param name="ModelSha256">SHA-256 of that checkpoint's weights.</param>
public sealed record MixedSource(string Name, string Folder, string ModelSha256);
