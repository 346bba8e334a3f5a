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

    /// <summary>Domains, branches or mixtures were added to a finished run.</summary>
    Extended,

    /// <summary>A mixture was measured before its first step.</summary>
    Opened,

    /// <summary>The run was paused.</summary>
    Paused,

    /// <summary>The run goes on after a pause.</summary>
    Continued,

    /// <summary>A failed or cancelled model was taken up again.</summary>
    Retried,

    /// <summary>A batch gave no finite loss or gradient: the model went back to its last checkpoint and leaves it out.</summary>
    BatchSkipped,

    /// <summary>A checkpoint was not saved; the training goes on and tries again.</summary>
    SaveFailed,
}
