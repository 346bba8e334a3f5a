using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Orleans.Concurrency;

namespace Bam.Contracts.Grains;

/// <summary>Drives one run from seed model to evaluated mixtures; the only writer of the run's state. Key: <see cref="GrainKeys.Run"/>.</summary>
[Alias("bam.ICoordinatorGrain")]
public interface ICoordinatorGrain : IGrainWithStringKey
{
    /// <summary>
    /// Starts the run. The same specification again changes nothing; one that adds domains, branches or mixtures to a completed run extends
    /// it, and what was there stays; any other under this name is refused.
    /// </summary>
    [Alias("Launch")]
    Task<LaunchAnswer> Launch(RunSpec spec, CancellationToken cancellation = default);

    /// <summary>The run as last seen; null when no run has this name.</summary>
    [Alias("GetStatus"), AlwaysInterleave]
    Task<RunStatus?> GetStatus(CancellationToken cancellation = default);

    /// <summary>What was launched, with every default applied; null when no run has this name.</summary>
    [Alias("GetSpec"), AlwaysInterleave]
    Task<RunSpec?> GetSpec(CancellationToken cancellation = default);

    /// <summary>Events after a cursor, waiting up to <paramref name="wait"/> (at most 2 s) for the first.</summary>
    [Alias("ReadEvents"), AlwaysInterleave]
    Task<EventPage> ReadEvents(long after, int max, TimeSpan wait, CancellationToken cancellation = default);

    /// <summary>Stops the run for good; published checkpoints stay. False when no run has this name or it has ended.</summary>
    [Alias("Cancel")]
    Task<bool> Cancel(CancellationToken cancellation = default);

    /// <summary>Has every session save and end, and frees the slots, until <see cref="Resume"/>. False when no run has this name or it has ended.</summary>
    [Alias("Pause")]
    Task<bool> Pause(CancellationToken cancellation = default);

    /// <summary>Lets a paused run go on. False when no run has this name or it has ended.</summary>
    [Alias("Resume")]
    Task<bool> Resume(CancellationToken cancellation = default);

    /// <summary>
    /// Takes a failed or cancelled model up again, and the run with it when that has ended. What was cancelled together with it is taken up
    /// too: only a run as a whole is cancelled.
    /// </summary>
    [Alias("Retry")]
    Task<RetryOutcome> Retry(string member, CancellationToken cancellation = default);

    /// <summary>The last lines that the attempts at a model wrote, oldest first; empty when there are none.</summary>
    /// <param name="member">Seed model, branch or mixture.</param>
    /// <param name="lines">How many lines at most, up to 1000.</param>
    [Alias("ReadLog"), AlwaysInterleave]
    Task<IReadOnlyList<string>> ReadLog(string member, int lines, CancellationToken cancellation = default);

    /// <summary>
    /// The loss of a model over its training: while it trains, between attempts (then as its newest checkpoint has it) and after its end.
    /// Null when no run has this name, or the run has no such model.
    /// </summary>
    /// <param name="member">Seed model, branch or mixture.</param>
    [Alias("GetHistory"), AlwaysInterleave]
    Task<ModelHistory?> GetHistory(string member, CancellationToken cancellation = default);

    /// <summary>Moves the run on. Called each second by every silo; cheap when there is nothing to do.</summary>
    [Alias("Tick")]
    Task Tick(CancellationToken cancellation = default);
}
