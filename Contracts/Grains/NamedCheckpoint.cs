namespace Bam.Contracts.Grains;

/// <summary>A dense model that stands in a mixture.</summary>
/// <param name="Name">Name of the seed model or branch.</param>
/// <param name="Folder">Folder of its last checkpoint.</param>
[GenerateSerializer, Immutable, Alias("bam.NamedCheckpoint")]
public sealed record NamedCheckpoint([property: Id(0)] string Name, [property: Id(1)] string Folder);
