using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Runs;

/// <summary>A cluster's runs, as the console sees them. Every call outlives the loss of a silo.</summary>
internal interface IRunClient : IAsyncDisposable
{
    /// <summary>Raised for each try of a call that the cluster did not answer.</summary>
    event Action? Reconnecting;

    Task<LaunchAnswer> Launch(RunSpec spec, CancellationToken cancellation);

    /// <summary>The run as last seen; null when no run has this name.</summary>
    Task<RunStatus?> GetStatus(string run, CancellationToken cancellation);

    /// <summary>What was launched; null when no run has this name.</summary>
    Task<RunSpec?> GetSpec(string run, CancellationToken cancellation);

    /// <summary>The next events after a cursor; empty when there are none yet.</summary>
    Task<EventPage> ReadEvents(string run, long after, CancellationToken cancellation);

    /// <summary>False when no run has this name or it has ended.</summary>
    Task<bool> Cancel(string run, CancellationToken cancellation);

    /// <summary>False when no run has this name or it has ended.</summary>
    Task<bool> Pause(string run, CancellationToken cancellation);

    /// <summary>False when no run has this name or it has ended.</summary>
    Task<bool> Resume(string run, CancellationToken cancellation);

    Task<RetryOutcome> Retry(string run, string member, CancellationToken cancellation);

    /// <summary>The last lines that the attempts at a model wrote, oldest first.</summary>
    Task<IReadOnlyList<string>> ReadLog(string run, string member, int lines, CancellationToken cancellation);

    /// <summary>The loss of a model over its training; null when no run has this name, or the run has no such model.</summary>
    Task<ModelHistory?> GetHistory(string run, string member, CancellationToken cancellation);

    /// <summary>All runs, newest first.</summary>
    Task<IReadOnlyList<RunSummary>> ListRuns(CancellationToken cancellation);

    Task<IReadOnlyList<DeviceStatus>> ListDevices(CancellationToken cancellation);
}
