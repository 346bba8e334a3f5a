using Bam.Client.Runs;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Reports;

/// <summary>All that a report tells, as the cluster had it at one moment.</summary>
internal sealed record ReportFacts
{
    /// <summary>When it was read.</summary>
    public required DateTimeOffset At { get; init; }

    public required RunStatus Status { get; init; }

    /// <summary>What was launched, with every default; null when the cluster did not tell.</summary>
    public RunSpec? Spec { get; init; }

    /// <summary>The newest lines of the event log, oldest first.</summary>
    public IReadOnlyList<RunEvent> Events { get; init; } = [];

    /// <summary>The losses of the models that have any.</summary>
    public IReadOnlyList<ModelHistory> Histories { get; init; } = [];

    /// <summary>Programs and libraries of the console that writes the report.</summary>
    public IReadOnlyDictionary<string, string> Versions { get; init; } = new Dictionary<string, string>();

    /// <summary>When the run ended, or the present.</summary>
    public DateTimeOffset Until => Status.Ended ?? At;

    /// <summary>Reads what a cluster knows of a run.</summary>
    /// <exception cref="Clusters.UserException">No run has this name.</exception>
    public static async Task<ReportFacts> Read(IRunClient client, string run, DateTimeOffset at, CancellationToken cancellation)
    {
        var status = await RunWatcher.StatusOf(client, run, cancellation).ConfigureAwait(false);
        var histories = await RunWatcher.Histories(client, run, status.Members, cancellation).ConfigureAwait(false);
        return new()
        {
            At = at,
            Status = status,
            Spec = await client.GetSpec(run, cancellation).ConfigureAwait(false),
            Events = await RunWatcher.EventsOf(client, run, cancellation).ConfigureAwait(false),
            Histories = [.. histories.Where(history => history.Training.Count + history.Validation.Count > 0)],
            Versions = Reports.Versions.OfThisConsole(),
        };
    }

    /// <summary>The loss of a model; null when there is none yet.</summary>
    public ModelHistory? History(string model) => Histories.FirstOrDefault(history => history.Name == model);
}
