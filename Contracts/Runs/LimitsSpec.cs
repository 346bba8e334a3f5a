namespace Bam.Contracts.Runs;

/// <summary>Seconds without any progress after which a session is given up and its model goes on elsewhere; null learns from what was seen.</summary>
/// <param name="Setup">While the data, the model and its checkpoint are read.</param>
/// <param name="Step">Between two steps, or two batches of an evaluation.</param>
/// <param name="Checkpoint">For a checkpoint to be written and published.</param>
[GenerateSerializer, Immutable, Alias("bam.LimitsSpec")]
public sealed record LimitsSpec(
    [property: Id(0)] double? Setup = null,
    [property: Id(1)] double? Step = null,
    [property: Id(2)] double? Checkpoint = null);
