using Bam.Client.Clusters;
using Bam.Client.Runs;
using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Verbs;

/// <summary>A cluster in memory: its runs show one status after another, the last one for ever.</summary>
internal sealed class FakeCluster : IClusters, IRunClient
{
    private readonly Dictionary<string, Queue<RunStatus>> _runs = [];

    public event Action? Reconnecting;

    public bool IsUp { get; set; } = true;

    public List<string> Calls { get; } = [];

    public List<RunEvent> Events { get; } = [];

    public LaunchAnswer Answer { get; init; } = new(LaunchOutcome.Started);

    public RetryOutcome RetryAnswer { get; init; } = RetryOutcome.TakenUp;

    /// <summary>What a model's attempts wrote.</summary>
    public List<string> Log { get; } = [];

    public List<ModelHistory> Histories { get; } = [];

    public RunSpec? Launched { get; set; }

    public void Add(params RunStatus[] statuses) => _runs[statuses[0].Name] = new(statuses);

    public Task<IRunClient> Connect(ClusterHome home, TimeSpan limit, CancellationToken cancellation) =>
        IsUp ? Task.FromResult<IRunClient>(this) : throw new UserException("no cluster here", 3);

    public Task Up(ClusterHome home, ClusterSettings settings, CancellationToken cancellation)
    {
        Calls.Add($"up {settings.Silos} {settings.Device} {string.Join(',', settings.Gpus)}".TrimEnd());
        IsUp = true;
        return Task.CompletedTask;
    }

    public Task<ClusterReport?> Status(ClusterHome home, CancellationToken cancellation) =>
        Task.FromResult(IsUp ? new ClusterReport(home.Folder, true, [new("silo-1", 42, 11_111, 30_000, 8_080, true)]) : null);

    public Task<bool> Down(ClusterHome home, CancellationToken cancellation)
    {
        Calls.Add("down");
        var was = IsUp;
        IsUp = false;
        return Task.FromResult(was);
    }

    public Task<LaunchAnswer> Launch(RunSpec spec, CancellationToken cancellation)
    {
        Launched = spec;
        return Task.FromResult(Answer);
    }

    public Task<RunStatus?> GetStatus(string run, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!_runs.TryGetValue(run, out var statuses)) return Task.FromResult<RunStatus?>(null);
        if (statuses.Count > 1) Reconnecting?.Invoke();
        return Task.FromResult<RunStatus?>(statuses.Count > 1 ? statuses.Dequeue() : statuses.Peek());
    }

    public Task<EventPage> ReadEvents(string run, long after, CancellationToken cancellation)
    {
        // Two a page, so that a reader has to turn it.
        IReadOnlyList<RunEvent> page = [.. Events.Where(line => line.Sequence > after).Take(2)];
        return Task.FromResult(new EventPage(page, page.Count > 0 ? page[^1].Sequence : after));
    }

    public Task<bool> Cancel(string run, CancellationToken cancellation) => Task.FromResult(_runs.TryGetValue(run, out var statuses) && !statuses.Peek().HasEnded);

    public Task<bool> Pause(string run, CancellationToken cancellation) => Control("pause", run);

    public Task<bool> Resume(string run, CancellationToken cancellation) => Control("resume", run);

    public Task<RetryOutcome> Retry(string run, string member, CancellationToken cancellation)
    {
        Calls.Add($"retry {run} {member}");
        return Task.FromResult(RetryAnswer);
    }

    public Task<IReadOnlyList<string>> ReadLog(string run, string member, int lines, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<string>>([.. Log.TakeLast(lines).Select(line => $"{member}: {line}")]);

    public Task<ModelHistory?> GetHistory(string run, string member, CancellationToken cancellation) =>
        Task.FromResult(Histories.FirstOrDefault(history => history.Name == member));

    public Task<RunSpec?> GetSpec(string run, CancellationToken cancellation) => Task.FromResult(Launched);

    public Task<IReadOnlyList<RunSummary>> ListRuns(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<RunSummary>>(
        [.. _runs.Values.Select(statuses => statuses.Peek()).Select(status => new RunSummary(status.Name, status.Phase, status.Launched, status.Ended))]);

    public Task<IReadOnlyList<DeviceStatus>> ListDevices(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<DeviceStatus>>([new("silo-1", "127.0.0.1:11111", "cpu", "four/law")]);

    private Task<bool> Control(string verb, string run)
    {
        Calls.Add($"{verb} {run}");
        return Task.FromResult(!_runs[run].Peek().HasEnded);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
