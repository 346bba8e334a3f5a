using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Bam.Contracts.Status;

namespace Bam.Grains.Telemetry;

/// <summary>What the coordinators of this silo tell of their runs.</summary>
internal sealed partial class TrainingMetrics
{
    // Long enough for any scrape interval, and for an alert on a run that failed.
    private static readonly TimeSpan RunAfterglow = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, (RunReading Reading, long Shown)> _runs = new();

    /// <summary>Time from the notice of a death to the first new step; recorded by the coordinator.</summary>
    public Histogram<double> Recovery { get; private set; } = null!;

    /// <summary>Shows how a run that is coordinated here stands; one that has ended is shown a while longer.</summary>
    public void Show(RunReading reading) => _runs[reading.Status.Name] = (reading, Stopwatch.GetTimestamp());

    /// <summary>The run is coordinated here no more.</summary>
    public void Hide(string run) => _runs.TryRemove(run, out _);

    private IEnumerable<RunReading> Runs
    {
        get
        {
            foreach (var ended in _runs.Where(run => run.Value.Reading.Status.HasEnded && Stopwatch.GetElapsedTime(run.Value.Shown) > RunAfterglow))
                _runs.TryRemove(ended);
            return _runs.Values.Select(run => run.Reading);
        }
    }

    private void DescribeRuns()
    {
        Recovery = _meter.CreateHistogram("bam.recovery.duration", "s", "From the notice of a death to the first new step.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [.5, 1, 2, 3, 4, 6, 8, 12, 20, 60, 300] });
        _meter.CreateObservableCounter("bam.restarts", () => Members((tags, _, totals) => MetricLabels.RestartReasons.Union(totals.Restarts.Keys)
            .Select(reason => new Measurement<long>(totals.Restarts.GetValueOrDefault(reason), [.. tags, new("reason", reason)]))),
            "{attempt}", "Attempts after the first, by why they began, in the run's whole life.");
        _meter.CreateObservableCounter("bam.steps_lost", () => Members<long>((tags, _, totals) => [new(totals.StepsLost, tags)]),
            "{step}", "Steps done again after a restart, in the run's whole life.");
        _meter.CreateObservableGauge("bam.branch_state", () => Members((tags, member, _) => States(tags, "state", member.State)),
            null, "1 for the state that a model is in, 0 for the others.");
        _meter.CreateObservableGauge("bam.branch_progress_ratio", () => Members<double>((tags, member, _) => [new(member.Progress, tags)]),
            "1", "Part of a model's training that is done.");
        _meter.CreateObservableGauge("bam.run_phase", () => Runs.SelectMany(run => States(Tags(run), "phase", run.Status.Phase)),
            null, "1 for the phase that a run is in, 0 for the others.");
        Run("bam.run_progress_ratio", "1", "Part of a run's steps that is done.", run => run.Progress);
        Run("bam.run_remaining", "s", "Time to a run's end at the present speed.", run => run.HasEnded ? 0 : run.Remaining?.TotalSeconds ?? double.NaN);
        Run("bam.goodput_ratio", "1", "Useful training time over the time that device slots were held.", run => run.Goodput);
    }

    private void Run(string name, string? unit, string description, Func<RunStatus, double> value) =>
        _meter.CreateObservableGauge(name, () => Runs
            .Select(run => new Measurement<double>(value(run.Status), Tags(run)))
            .Where(measurement => !double.IsNaN(measurement.Value)), unit, description);

    private IEnumerable<Measurement<T>> Members<T>(Func<KeyValuePair<string, object?>[], MemberStatus, MemberTotals, IEnumerable<Measurement<T>>> measure)
        where T : struct => Runs.SelectMany(run => run.Status.Members.Zip(run.Totals)
            .SelectMany(pair => measure(MetricLabels.Of(run.Status.Name, pair.First.Name, pair.First.Kind), pair.First, pair.Second)));

    private static IEnumerable<Measurement<int>> States<T>(KeyValuePair<string, object?>[] tags, string label, T now) where T : struct, Enum =>
        Enum.GetValues<T>().Select(state => new Measurement<int>(now.Equals(state) ? 1 : 0, [.. tags, new(label, MetricLabels.Of(state))]));

    private static KeyValuePair<string, object?>[] Tags(RunReading run) => [new("run", run.Status.Name)];
}
