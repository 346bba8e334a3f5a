namespace Bam.Contracts.Grains;

/// <summary>A coordinator's answer to a launch.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Detail">What was added, or what keeps it from being the run of this name; null when there is nothing to say.</param>
[GenerateSerializer, Immutable, Alias("bam.LaunchAnswer")]
public sealed record LaunchAnswer([property: Id(0)] LaunchOutcome Outcome, [property: Id(1)] string? Detail = null);
