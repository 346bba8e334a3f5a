namespace Bam.Contracts.Status;

/// <summary>Where a run is. The first six follow each other; a run ends in one of the last three.</summary>
[GenerateSerializer, Alias("bam.RunPhase")]
public enum RunPhase
{
    Seed,
    Branch,
    Gather,
    Mix,
    Continue,
    Evaluate,
    Completed,
    Failed,
    Cancelled,
}
