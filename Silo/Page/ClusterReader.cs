using System.Collections.Concurrent;
using System.Reflection;
using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Bam.Silo.Hosting;

namespace Bam.Silo.Page;

/// <summary>Asks the cluster's grains for what the page shows, each question once a second at most. Nothing here changes a run.</summary>
internal sealed class ClusterReader(IGrainFactory grains, IClusterMembershipService membership, SiloSettings settings, TimeProvider time)
{
    private const int PageSize = 200, MostCurves = 500;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private static readonly string Version =
        typeof(ClusterReader).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    private readonly Remembered<IReadOnlyList<RunSummary>> _runs = new(time);
    private readonly Remembered<RunStatus?> _statuses = new(time);
    private readonly Remembered<EventPage> _events = new(time);
    private readonly Remembered<ModelHistory?> _histories = new(time);
    private readonly Remembered<IReadOnlyList<DeviceStatus>> _devices = new(time);
    private readonly ConcurrentDictionary<(string Run, string Member), (MemberStatus Of, ModelCurves Curves)> _curves = new();

    /// <summary>All runs, newest first. Only those that go on are asked how far they are: one that has ended is not woken for a list.</summary>
    public async Task<IReadOnlyList<RunLine>> Runs() => await Task.WhenAll((await Known()).Select(async run =>
    {
        if (run.Ended is not null || await Status(run.Name) is not { } status)
            return new RunLine(run.Name, run.Phase, Paused: false, run.Launched, run.Ended, run.Phase == RunPhase.Completed ? 1 : null, null);
        return new RunLine(run.Name, status.Phase, status.Paused, status.Launched, status.Ended, status.Progress, status.Remaining);
    }));

    /// <summary>A run; null when there is none of this name.</summary>
    public async Task<RunStatus?> Run(string run) => await Knows(run) ? await Status(run) : null;

    /// <summary>The next events after a cursor; null when there is no run of this name.</summary>
    public async Task<EventPage?> Events(string run, long after) => await Knows(run)
        ? await _events.Get($"{run} {after}", () => Coordinator(run).ReadEvents(after, PageSize, TimeSpan.Zero).WaitAsync(Limit, time))
        : null;

    /// <summary>The curves of a run's models, those that have any; null when there is no run of this name.</summary>
    public async Task<IReadOnlyList<ModelCurves>?> Curves(string run)
    {
        if (await Run(run) is not { } status)
            return null;
        var curves = await Task.WhenAll(status.Members.Select(member => Curves(run, member)));
        return [.. curves.OfType<ModelCurves>()];
    }

    /// <summary>The silos, by the membership, and what trains on them.</summary>
    public async Task<ClusterView> Cluster()
    {
        var devices = (await _devices.Get("", () => grains.GetGrain<IDevicePoolGrain>(IDevicePoolGrain.Key).List().WaitAsync(Limit, time)))
            .ToLookup(device => device.Address);
        var silos = membership.CurrentSnapshot.Members.Values
            .GroupBy(member => member.Name, (_, lives) => lives.MaxBy(life => life.SiloAddress.Generation)!)
            .OrderBy(member => member.Name, StringComparer.Ordinal)
            .Select(member =>
            {
                var address = $"{member.SiloAddress.Endpoint}";
                var device = member.Status == SiloStatus.Active ? devices[address].FirstOrDefault() : null;
                return new SiloLine(member.Name, address, member.Status, device?.Device, device?.Holder);
            });
        return new(settings.Name, Version, [.. silos], settings.Dashboard ? $"{PageHosting.Dashboard}/" : null, settings.PageToken is not null);
    }

    /// <summary>A curve grows with its model only: that of one that stands where it stood is known, and no checkpoint is read for it again.</summary>
    private async Task<ModelCurves?> Curves(string run, MemberStatus member)
    {
        if (member.State is MemberState.Pending or MemberState.Queued && member.Attempt == 0)
            return null;
        var key = (run, member.Name);
        if (_curves.TryGetValue(key, out var known) && (known.Of.State, known.Of.Step, known.Of.Attempt) == (member.State, member.Step, member.Attempt))
            return known.Curves;
        var history = await _histories.Get($"{run}/{member.Name}", () => Coordinator(run).GetHistory(member.Name).WaitAsync(Limit, time));
        if (history is null)
            return null;
        var curves = ModelCurves.Of(history);
        if (_curves.Count >= MostCurves)
            _curves.Clear();
        _curves[key] = (member, curves);
        return curves;
    }

    /// <summary>The registry is asked first: a name that nobody launched wakes no grain.</summary>
    private async Task<bool> Knows(string run) => (await Known()).Any(known => known.Name == run);

    private Task<IReadOnlyList<RunSummary>> Known() =>
        _runs.Get("", () => grains.GetGrain<IRunRegistryGrain>(IRunRegistryGrain.Key).List().WaitAsync(Limit, time));

    private Task<RunStatus?> Status(string run) => _statuses.Get(run, () => Coordinator(run).GetStatus().WaitAsync(Limit, time));

    private ICoordinatorGrain Coordinator(string run) => grains.GetGrain<ICoordinatorGrain>(GrainKeys.Run(run));
}
