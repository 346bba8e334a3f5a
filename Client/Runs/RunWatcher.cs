using Bam.Client.Clusters;
using Bam.Client.RunFiles;
using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Runs;

/// <summary>Pulls a run's status and events until it ends.</summary>
internal sealed class RunWatcher(TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Shows the run until its end.</summary>
    /// <returns>The last status.</returns>
    /// <exception cref="UserException">No run has this name, or the cluster went away for good.</exception>
    public async Task<RunStatus> Watch(IRunClient client, string run, IRunView view, CancellationToken cancellation)
    {
        client.Reconnecting += view.Reconnecting;
        try
        {
            return await view.During(() => Pull(client, run, view, cancellation)).ConfigureAwait(false);
        }
        finally
        {
            client.Reconnecting -= view.Reconnecting;
        }
    }

    /// <summary>The status of a run that must exist.</summary>
    /// <exception cref="UserException">No run has this name; says which name is near.</exception>
    public static async Task<RunStatus> StatusOf(IRunClient client, string run, CancellationToken cancellation)
    {
        if (await client.GetStatus(run, cancellation).ConfigureAwait(false) is { } status) return status;
        var runs = await client.ListRuns(cancellation).ConfigureAwait(false);
        throw new UserException($"no run '{run}'{NearestName.Hint(run, "runs", [.. runs.Select(known => known.Name)])}", 2);
    }

    /// <summary>The losses of the models that have begun, up to now.</summary>
    public static Task<IReadOnlyList<ModelHistory>> Histories(IRunClient client, RunStatus status, CancellationToken cancellation) =>
        Histories(client, status.Name, status.Members.Where(member => member.Step > 0), cancellation);

    /// <summary>The losses of some of a run's models up to now.</summary>
    public static async Task<IReadOnlyList<ModelHistory>> Histories(IRunClient client, string run, IEnumerable<MemberStatus> members, CancellationToken cancellation) =>
        [.. (await Task.WhenAll(members.Select(member => client.GetHistory(run, member.Name, cancellation))).ConfigureAwait(false)).OfType<ModelHistory>()];

    /// <summary>The event log of a run, as far back as the cluster keeps it.</summary>
    public static async Task<IReadOnlyList<RunEvent>> EventsOf(IRunClient client, string run, CancellationToken cancellation)
    {
        var events = new List<RunEvent>();
        for (var page = await client.ReadEvents(run, 0, cancellation).ConfigureAwait(false); page.Events.Count > 0;
            page = await client.ReadEvents(run, page.Next, cancellation).ConfigureAwait(false))
            events.AddRange(page.Events);
        return events;
    }

    private async Task<RunStatus> Pull(IRunClient client, string run, IRunView view, CancellationToken cancellation)
    {
        long cursor = 0;
        var missed = view.IsLookedAt;
        client.Reconnecting += () => missed = view.IsLookedAt;   // what happened meanwhile was not seen
        while (true)
        {
            var status = await Patiently(view, () => StatusOf(client, run, cancellation)).ConfigureAwait(false);
            var page = await Patiently(view, () => client.ReadEvents(run, cursor, cancellation)).ConfigureAwait(false);
            cursor = page.Next;
            view.Show(status, page.Events);
            if (missed)
            {
                missed = false;
                view.Recall(await Patiently(view, () => Histories(client, status, cancellation)).ConfigureAwait(false));
            }

            if (page.Events.Count > 0) continue;
            if (status.HasEnded) return status;
            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<T> Patiently<T>(IRunView view, Func<Task<T>> call)
    {
        while (true)
        {
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (UserException e) when (e.ExitCode == Patience.GaveUp && view.IsLookedAt)
            {
                // The view says so; the user ends it when it has taken long enough.
            }
        }
    }
}
