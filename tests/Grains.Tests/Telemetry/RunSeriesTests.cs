using System.Diagnostics.Metrics;
using Bam.Contracts.Status;
using Bam.Grains.Hosting;
using Bam.Grains.Telemetry;
using Bam.Training.Native;

namespace Bam.Grains.Tests.Telemetry;

/// <summary>What a coordinator tells of its run, and what an exporter sees of it.</summary>
public sealed class RunSeriesTests
{
    [Fact]
    public void A_hundred_restarts_make_no_more_series_than_none_and_are_all_counted()
    {
        using var metrics = Metrics();
        metrics.Show(Reading(lost: 0));
        var before = Observe(metrics).Keys.Order(StringComparer.Ordinal).ToArray();
        for (var lost = 1; lost <= 100; lost++)
            metrics.Show(Reading(lost));
        var after = Observe(metrics);

        Assert.Equal(before, after.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(100, after["bam.restarts run=r branch=law phase=branch reason=lost"]);
    }

    [Fact]
    public void Every_reason_is_told_from_the_start_or_its_first_count_would_be_no_increase()
    {
        using var metrics = Metrics();
        metrics.Show(Reading(lost: 0));

        Assert.Equal(
            MetricLabels.RestartReasons.Select(reason => ($"bam.restarts run=r branch=law phase=branch reason={reason}", 0.0)).Order(),
            Observe(metrics).Where(series => series.Key.StartsWith("bam.restarts ", StringComparison.Ordinal)).Select(series => (series.Key, series.Value)).Order());
    }

    [Fact]
    public void A_coordinator_on_another_silo_goes_on_counting_where_the_last_one_was()
    {
        using var one = Metrics();
        one.Show(Reading(lost: 3));
        one.Hide("r");
        using var other = Metrics();
        other.Show(Reading(lost: 4));

        Assert.DoesNotContain(Observe(one).Keys, series => series.Contains("run=r", StringComparison.Ordinal));
        Assert.Equal(4, Observe(other)["bam.restarts run=r branch=law phase=branch reason=lost"]);
    }

    [Fact]
    public void A_state_and_a_phase_are_one_of_all_that_there_are()
    {
        using var metrics = Metrics();
        metrics.Show(Reading(lost: 0));
        var seen = Observe(metrics);

        Assert.Equal(Enum.GetValues<MemberState>().Length, seen.Keys.Count(series => series.StartsWith("bam.branch_state ", StringComparison.Ordinal)));
        Assert.Equal("bam.branch_state run=r branch=law phase=branch state=training", Assert.Single(
            seen, series => series.Key.StartsWith("bam.branch_state ", StringComparison.Ordinal) && series.Value == 1).Key);
        Assert.Equal("bam.run_phase run=r phase=branch", Assert.Single(
            seen, series => series.Key.StartsWith("bam.run_phase ", StringComparison.Ordinal) && series.Value == 1).Key);
    }

    [Fact]
    public void Mfu_is_the_speed_of_the_last_steps_over_the_peak_and_ends_with_the_session()
    {
        using var metrics = Metrics();
        const string series = "bam.mfu_ratio run=r branch=law phase=branch";
        using var session = metrics.Open("r", "law", MemberKind.Branch, targetSteps: 10);
        session.Stepped(tokens: 100, flopsPerToken: 2_000, TimeSpan.FromSeconds(1), TimeSpan.Zero, tokensPerSecond: 100);
        Assert.DoesNotContain(series, Observe(metrics).Keys);

        metrics.Device = new DeviceFacts("a device", 1e6, 0, IsCpu: true);
        Assert.Equal(0.2, Observe(metrics)[series], 1e-12);

        session.Dispose();
        Assert.DoesNotContain(series, Observe(metrics).Keys);
        Assert.Contains("bam.target_steps run=r branch=law phase=branch", Observe(metrics).Keys);
    }

    private static RunReading Reading(long lost) => new(
        new RunStatus
        {
            Name = "r",
            Phase = RunPhase.Branch,
            Members = [new MemberStatus { Name = "law", Kind = MemberKind.Branch, State = MemberState.Training, Step = 5, TargetSteps = 10 }],
        },
        [new MemberTotals(new Dictionary<string, long> { ["lost"] = lost }, StepsLost: 10 * lost)]);

    private static TrainingMetrics Metrics() => new(new PrivateMeters(), new TrainingHostOptions { Store = Path.GetTempPath(), TokenCache = Path.GetTempPath() });

    /// <summary>The gauges and totals that are shown now, by name and labels.</summary>
    private static Dictionary<string, double> Observe(TrainingMetrics metrics)
    {
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter == metrics.Steps.Meter)
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen[Name(instrument, tags)] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => seen[Name(instrument, tags)] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => seen[Name(instrument, tags)] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return seen;
    }

    private static string Name(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name;
        foreach (var (key, value) in tags)
            name += $" {key}={value}";
        return name;
    }

    /// <summary>A meter of its own for each silo.</summary>
    private sealed class PrivateMeters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
