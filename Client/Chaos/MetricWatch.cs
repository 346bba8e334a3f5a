using Bam.Client.Chaos.Invariants;
using Bam.Client.Clusters;

namespace Bam.Client.Chaos;

/// <summary>
/// Scrapes the silos of a cluster all the time and remembers the last that every process said, dead ones included. A frozen silo is not
/// waited for.
/// </summary>
internal sealed class MetricWatch : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200), Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly ClusterHome _home;
    private readonly string _run;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
    private readonly Dictionary<ProcessIdentity, IReadOnlyList<MetricSample>> _last = [];
    private readonly HashSet<ProcessIdentity> _coordinators = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _watching;
    private (ProcessIdentity Process, DateTimeOffset Time)? _coordinator;

    public MetricWatch(ClusterHome home, string run)
    {
        (_home, _run) = (home, run);
        _watching = [.. ClusterState.Read(home)!.Silos.Select(silo => Watch(silo.Name))];
    }

    /// <summary>The process that coordinates the run, as far as it said so after a moment; null when none did.</summary>
    public ProcessIdentity? CoordinatorSince(DateTimeOffset moment)
    {
        lock (_gate)
            return _coordinator is { } coordinator && coordinator.Time > moment ? coordinator.Process : null;
    }

    /// <summary>How many processes have coordinated the run since the watch began.</summary>
    public int Coordinators
    {
        get
        {
            lock (_gate)
                return _coordinators.Count;
        }
    }

    /// <summary>The last of every process that was ever scraped.</summary>
    public IReadOnlyList<MetricSample> Everything
    {
        get
        {
            lock (_gate)
                return [.. _last.Values.SelectMany(samples => samples)];
        }
    }

    /// <summary>Steps that each model of the run has done in processes other than some, by model.</summary>
    public IReadOnlyDictionary<string, double> Steps(IReadOnlyCollection<ProcessIdentity> except)
    {
        lock (_gate)
        {
            return _last.Where(process => !except.Contains(process.Key)).SelectMany(process => process.Value)
                .Where(sample => sample.Name == "bam_steps_total" && sample.Label("run") == _run)
                .GroupBy(sample => sample.Label("branch")!).ToDictionary(member => member.Key, member => member.Sum(sample => sample.Value));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_watching).ContinueWith(static _ => { }, TaskScheduler.Default);
        _stop.Dispose();
        _http.Dispose();
    }

    private async Task Watch(string silo)
    {
        while (!_stop.IsCancellationRequested)
        {
            await Scrape(silo);
            await Task.Delay(Period, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private async Task Scrape(string name)
    {
        try
        {
            if (Silo(name) is not { Process: { } process } silo)
                return;
            var text = await _http.GetStringAsync(new Uri($"http://127.0.0.1:{silo.HttpPort}/metrics"), _stop.Token);
            // What came may be the last word of one process or the first of the next: then it is nobody's.
            if (Silo(name)?.Process != process)
                return;
            var samples = SiloMetrics.Parse(text);
            lock (_gate)
            {
                _last[process] = samples;
                if (samples.Any(sample => sample.Name == "bam_branch_state" && sample.Label("run") == _run))
                {
                    _coordinator = (process, DateTimeOffset.UtcNow);
                    _coordinators.Add(process);
                }
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            // Dead, frozen or young: the next scrape tells.
        }
    }

    private SiloState? Silo(string name) => ClusterState.Read(_home)?.Silos.FirstOrDefault(silo => silo.Name == name);
}
