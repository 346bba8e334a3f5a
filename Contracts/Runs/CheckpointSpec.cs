namespace Bam.Contracts.Runs;

/// <summary>When checkpoints are published and how many stay.</summary>
/// <param name="Every">Steps between two checkpoints.</param>
/// <param name="Keep">Newest checkpoints that stay, at least 2.</param>
[GenerateSerializer, Immutable, Alias("bam.CheckpointSpec")]
public sealed record CheckpointSpec([property: Id(0)] int Every = 100, [property: Id(1)] int Keep = 3);
