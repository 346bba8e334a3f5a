using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Bam.Contracts.Status;
using Bam.Grains.Hosting;
using Bam.Grains.Telemetry;
using Bam.Training.Optimization;
using Microsoft.Extensions.DependencyInjection;

namespace Bam.Grains.Tests.Telemetry;

public sealed class TrainingMetricsTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly TrainingMetrics _metrics;
    private readonly ConcurrentDictionary<string, double> _series = new();
    private readonly MeterListener _listener = new();

    public TrainingMetricsTests()
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
        _metrics = new TrainingMetrics(meters, new TrainingHostOptions { Store = Path.GetTempPath(), TokenCache = Path.GetTempPath() });
    }

    public void Dispose()
    {
        _listener.Dispose();
        _metrics.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void A_hundred_restarts_make_no_more_series_than_one()
    {
        Attempt(1);
        _listener.RecordObservableInstruments();
        var once = _series.Keys.Order(StringComparer.Ordinal).ToArray();

        for (var attempt = 2; attempt <= 101; attempt++)
            Attempt(attempt);
        _listener.RecordObservableInstruments();

        Assert.Contains("bam.loss run=run branch=law phase=branch", once);
        Assert.Equal(once, _series.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_is_counted_is_a_counter_that_begins_at_zero_with_the_process_or_the_run_so_that_rates_see_a_restart()
    {
        var counted = new[] { "bam.tokens", "bam.steps", "bam.model_flops", "bam.data_wait", "bam.checkpoint.failures", "bam.nonfinite_steps" };
        var totals = new[] { "bam.restarts", "bam.steps_lost" };
        var kinds = new Dictionary<string, Type>();
        using var names = new MeterListener { InstrumentPublished = (instrument, _) => kinds[instrument.Name] = instrument.GetType().GetGenericTypeDefinition() };

        names.Start();

        Assert.All(counted, name => Assert.Equal((name, typeof(Counter<>)), (name, kinds[name])));
        Assert.All(totals, name => Assert.Equal((name, typeof(ObservableCounter<>)), (name, kinds[name])));
        Assert.DoesNotContain(kinds.Where(kind => kind.Key.StartsWith("bam.", StringComparison.Ordinal)), kind => kind.Value == typeof(UpDownCounter<>));
    }

    [Fact]
    public async Task It_may_be_scraped_while_trainings_begin_and_end()
    {
        using var ended = new CancellationTokenSource();
        var rounds = new int[2];
        var trainings = Enumerable.Range(0, rounds.Length).Select(worker => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; !ended.IsCancellationRequested; i = ++rounds[worker])
                {
                    Attempt(i, $"run-{worker}-{i % 50}");
                    if (i % 3 == 0)
                        _metrics.Hide($"run-{worker}-{i % 50}");
                    else
                        _metrics.Show(Reading($"run-{worker}-{i % 50}"));
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        var end = DateTimeOffset.UtcNow + TimeSpan.FromMinutes(1);
        for (var scrapes = 0; scrapes < 20 || Array.Exists(rounds, round => round < 100); scrapes++)
        {
            Assert.True(DateTimeOffset.UtcNow < end, $"{scrapes} scrapes, {string.Join(" and ", rounds)} trainings");
            _listener.RecordObservableInstruments();                           // throws what an instrument throws
        }

        await ended.CancelAsync();
        await Task.WhenAll(trainings);
        Assert.All([0, 1], worker => Assert.Contains(_series.Keys, series => series.StartsWith($"bam.branch_state run=run-{worker}-", StringComparison.Ordinal)));
    }

    private static RunReading Reading(string run) => new(
        new RunStatus { Name = run, Phase = RunPhase.Branch, Members = [new MemberStatus { Name = "law", Kind = MemberKind.Branch }] },
        [new MemberTotals(new Dictionary<string, long>(), 0)]);

    private void Attempt(int attempt, string run = "run")
    {
        using var meter = _metrics.Open(run, "law", MemberKind.Branch, targetSteps: 100);
        meter.Stepped(128, 1000, TimeSpan.FromSeconds(0.1), TimeSpan.Zero, tokensPerSecond: 1280);
        meter.Read(new StepReading
        {
            Step = attempt,
            Loss = 3,
            GradientNorm = 1,
            LearningRate = 1e-3,
            Balance = 1,
            Z = 2,
            Routing = [new RouterUse([0.5, 0.5], 0.6, [0.5, 0.5], 0.7)],
        });
        meter.Evaluated("law", 2.5);
    }

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = instrument.Name;
        foreach (var (key, tag) in tags)
            series += $" {key}={tag}";
        _series[series] = value;
    }
}
