namespace Bam.Contracts.Status;

/// <summary>Where the training of one model is.</summary>
[GenerateSerializer, Alias("bam.MemberState")]
public enum MemberState
{
    /// <summary>Its phase has not begun.</summary>
    Pending,

    /// <summary>Waits for a free device slot.</summary>
    Queued,

    /// <summary>A session reads its data and checkpoint.</summary>
    Preparing,
    Training,

    /// <summary>Lost its session and has no new one yet.</summary>
    Recovering,
    Evaluating,
    Completed,
    Failed,
    Cancelled,

    /// <summary>Its run is paused.</summary>
    Paused,
}
