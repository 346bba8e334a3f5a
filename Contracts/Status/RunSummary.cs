namespace Bam.Contracts.Status;

/// <summary>A line of <c>bam runs</c>.</summary>
/// <param name="Name">Name of the run.</param>
/// <param name="Phase">Where it is.</param>
/// <param name="Launched">When it was launched.</param>
/// <param name="Ended">When it ended; null while it goes on.</param>
[GenerateSerializer, Immutable, Alias("bam.RunSummary")]
public sealed record RunSummary(
    [property: Id(0)] string Name,
    [property: Id(1)] RunPhase Phase,
    [property: Id(2)] DateTimeOffset Launched,
    [property: Id(3)] DateTimeOffset? Ended);
