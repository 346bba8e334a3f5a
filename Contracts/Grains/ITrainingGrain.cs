using Bam.Contracts.Status;
using Orleans.Concurrency;

namespace Bam.Contracts.Grains;

/// <summary>Trains one model of a run in a session beside the grain's scheduler.</summary>
public interface ITrainingGrain : IGrainWithStringKey
{
    /// <summary>Starts or resumes the training when it does not run here, and tells how it stands. Idempotent, and a heartbeat.</summary>
    [Alias("EnsureRunning")]
    Task<TrainingReport> EnsureRunning(TrainingAssignment assignment, CancellationToken cancellation = default);

    /// <summary>Ends the session after the step in flight; the newest checkpoint stays.</summary>
    [Alias("Stop")]
    Task Stop(StopReason reason, CancellationToken cancellation = default);

    /// <summary>Takes a finished model back because its checkpoint was found damaged: it is trained again from the one before.</summary>
    [Alias("Reopen")]
    Task Reopen(string reason, CancellationToken cancellation = default);

    /// <summary>Takes a finished model back to evaluate it on the run's present domains. Its weights stay, and it is no restart.</summary>
    [Alias("Reevaluate")]
    Task Reevaluate(CancellationToken cancellation = default);

    /// <summary>Takes a failed or cancelled model up again, with all of its attempts before it.</summary>
    [Alias("Retry")]
    Task Retry(CancellationToken cancellation = default);

    /// <summary>How the training stands, without starting anything.</summary>
    [Alias("GetReport"), AlwaysInterleave]
    Task<TrainingReport> GetReport(CancellationToken cancellation = default);

    /// <summary>The loss so far, from memory; null when no session is at work here.</summary>
    [Alias("GetHistory"), AlwaysInterleave]
    Task<ModelHistory?> GetHistory(CancellationToken cancellation = default);
}
