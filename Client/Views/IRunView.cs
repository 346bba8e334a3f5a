using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>Shows a run that goes on.</summary>
internal interface IRunView
{
    /// <summary>Whether somebody looks who can end it: a cluster that is gone is then waited for without end.</summary>
    bool IsPatient { get; }

    /// <summary>Keeps the view open while the run is watched.</summary>
    Task<RunStatus> During(Func<Task<RunStatus>> watching);

    /// <summary>The newest status, and the events since the last call.</summary>
    void Show(RunStatus status, IReadOnlyList<RunEvent> events);

    /// <summary>The cluster does not answer; it is asked again.</summary>
    void Reconnecting();
}
