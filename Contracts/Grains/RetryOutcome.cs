namespace Bam.Contracts.Grains;

/// <summary>What became of a retry.</summary>
[GenerateSerializer, Alias("bam.RetryOutcome")]
public enum RetryOutcome
{
    /// <summary>The model is taken up again, and the run goes on.</summary>
    TakenUp,

    NoSuchRun,

    NoSuchModel,

    /// <summary>The model has neither failed nor was it cancelled.</summary>
    NothingToRetry,
}
