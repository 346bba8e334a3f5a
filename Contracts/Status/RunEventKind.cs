namespace Bam.Contracts.Status;

/// <summary>What a line of the event log tells.</summary>
[GenerateSerializer, Alias("bam.RunEventKind")]
public enum RunEventKind
{
    Launched,
    PhaseBegan,
    Queued,
    Started,
    Resumed,
    CheckpointPublished,
    CheckpointDamaged,
    Lost,
    TrainingFailed,
    Mixed,
    Evaluated,
    MemberCompleted,
    MemberFailed,
    Ended,
}
