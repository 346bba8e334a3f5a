namespace Bam.Contracts.Status;

/// <summary>Why an attempt after the first began; the label of <c>bam_restarts_total</c>, in lower case.</summary>
[GenerateSerializer, Alias("bam.RestartReason")]
public enum RestartReason
{
    /// <summary>The silo of the one before died.</summary>
    Lost,

    /// <summary>The one before made no progress within its limit.</summary>
    Stuck,

    /// <summary>The one before ended with an error.</summary>
    Failed,

    /// <summary>Its last checkpoint was found damaged.</summary>
    Damaged,

    /// <summary>The one before was told to stop, as its silo shut down or lost the slot.</summary>
    Moved,

    /// <summary>The run was paused.</summary>
    Paused,

    /// <summary>The user asked for it after the model had failed or was cancelled.</summary>
    Retried,

    /// <summary>The finished model is evaluated on what the run has learnt to measure since.</summary>
    Reevaluated,
}
