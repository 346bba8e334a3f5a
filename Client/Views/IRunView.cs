using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>Shows a run that goes on.</summary>
internal interface IRunView
{
    /// <summary>
    /// Whether somebody looks: curves are then worth asking for, and a cluster that is gone is waited for without end, as the user can end it.
    /// </summary>
    bool IsLookedAt { get; }

    /// <summary>Keeps the view open while the run is watched.</summary>
    Task<RunStatus> During(Func<Task<RunStatus>> watching);

    /// <summary>The newest status, and the events since the last call.</summary>
    void Show(RunStatus status, IReadOnlyList<RunEvent> events);

    /// <summary>The losses of models before they were first shown.</summary>
    void Recall(IReadOnlyList<ModelHistory> histories);

    /// <summary>The cluster does not answer; it is asked again.</summary>
    void Reconnecting();
}
