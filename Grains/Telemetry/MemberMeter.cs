using System.Diagnostics;
using System.Diagnostics.Metrics;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;
using Bam.Training.Optimization;

namespace Bam.Grains.Telemetry;

/// <summary>The numbers of one session. Written by the session's threads, read by the exporter's.</summary>
internal sealed class MemberMeter : IDisposable
{
    // Longer than any usual scrape interval.
    private static readonly TimeSpan Afterglow = TimeSpan.FromMinutes(2);

    private readonly TrainingMetrics _metrics;
    private readonly Dictionary<string, double> _validation = [];
    private volatile StepReading? _reading;
    private double _flopsPerSecond = double.NaN;
    private long _ended;

    public MemberMeter(TrainingMetrics metrics, string run, string member, MemberKind kind, long targetSteps)
    {
        (_metrics, TargetSteps, Tags) = (metrics, targetSteps, MetricLabels.Of(run, member, kind));
        Begin();
    }

    /// <summary>Whether the session ended so long ago that its numbers would mislead.</summary>
    public bool IsOver => Interlocked.Read(ref _ended) is var ended and not 0 && Stopwatch.GetElapsedTime(ended) > Afterglow;

    public KeyValuePair<string, object?>[] Tags { get; }

    public double Loss => _reading?.Loss ?? double.NaN;

    public double GradientNorm => _reading?.GradientNorm ?? double.NaN;

    public double LearningRate => _reading?.LearningRate ?? double.NaN;

    public double Balance => _reading?.Balance ?? double.NaN;

    public double Z => _reading?.Z ?? double.NaN;

    public double TargetSteps { get; }

    /// <summary>Model FLOPs a second of the last steps; NaN when there are none, or none any more.</summary>
    public double FlopsPerSecond => Interlocked.Read(ref _ended) == 0 ? Volatile.Read(ref _flopsPerSecond) : double.NaN;

    /// <summary>Memory in use when the session last looked; NaN before, and after its end.</summary>
    public double DeviceMemory { get => Interlocked.Read(ref _ended) == 0 ? field : double.NaN; private set; } = double.NaN;

    public double CheckpointBytes { get; private set; } = double.NaN;

    public double LastCheckpoint { get; private set; } = double.NaN;

    public double LastProgress { get; private set; } = double.NaN;

    public IEnumerable<Measurement<double>> Validation
    {
        get
        {
            lock (_validation)
                return [.. _validation.Select(pair => new Measurement<double>(pair.Value, [.. Tags, new("domain", pair.Key)]))];
        }
    }

    public IEnumerable<Measurement<double>> ExpertShares => Layers().SelectMany(layer => layer.Routing.FfnShares
        .Select((share, expert) => new Measurement<double>(share, [.. Tags, new("layer", layer.Index), new("expert", expert)])));

    public IEnumerable<Measurement<double>> Entropies => Layers()
        .SelectMany(layer => new[]
        {
            (layer.Index, Router: "ffn", Value: layer.Routing.FfnEntropy), (layer.Index, Router: "attention", Value: layer.Routing.AttentionEntropy ?? double.NaN),
        })
        .Where(entropy => !double.IsNaN(entropy.Value))
        .Select(entropy => new Measurement<double>(entropy.Value, [.. Tags, new("layer", entropy.Index), new("router", entropy.Router)]));

    /// <summary>Counts a step.</summary>
    /// <param name="tokens">Tokens of the step.</param>
    /// <param name="flopsPerToken">FLOPs of each.</param>
    /// <param name="duration">Wall time of the step.</param>
    /// <param name="dataWait">Part of it that waited for data.</param>
    /// <param name="tokensPerSecond">Speed of the last steps.</param>
    public void Stepped(long tokens, long flopsPerToken, TimeSpan duration, TimeSpan dataWait, double tokensPerSecond)
    {
        Volatile.Write(ref _flopsPerSecond, tokensPerSecond * flopsPerToken);
        _metrics.Steps.Add(1, Tags);
        _metrics.Tokens.Add(tokens, Tags);
        _metrics.Flops.Add((double)tokens * flopsPerToken, Tags);
        _metrics.StepDuration.Record(duration.TotalSeconds, Tags);
        _metrics.DataWait.Add(dataWait.TotalSeconds, Tags);
        Pulse();
    }

    /// <summary>Takes in the numbers of a step, on the device's own thread.</summary>
    public void Read(StepReading reading)
    {
        DeviceMemory = _metrics.Device?.MemoryInUse() ?? double.NaN;
        _reading = reading;
    }

    public void Skipped() => _metrics.NonFinite.Add(1, Tags);

    public void Saved(SaveOutcome outcome)
    {
        _metrics.CheckpointDuration.Record(outcome.Held.TotalSeconds, [.. Tags, new("stage", "copy")]);
        _metrics.CheckpointDuration.Record(outcome.Written.TotalSeconds, [.. Tags, new("stage", "write")]);
        CheckpointBytes = outcome.Bytes;
        if (outcome.Checkpoint is not null)
            LastCheckpoint = UnixTime();
        else
            _metrics.CheckpointFailures.Add(1, [.. Tags, new("reason", outcome.Reason)]);
    }

    public void Damaged(int checkpoints)
    {
        if (checkpoints > 0)
            _metrics.CheckpointFailures.Add(checkpoints, [.. Tags, new("reason", "damaged")]);
    }

    public void Evaluated(string domain, double nll)
    {
        lock (_validation)
            _validation[domain] = nll;
    }

    public void Pulse() => LastProgress = UnixTime();

    public void Dispose() => Interlocked.CompareExchange(ref _ended, Stopwatch.GetTimestamp(), 0);

    // A counter that appears with a number in it has, for Prometheus, never grown to it.
    private void Begin()
    {
        _metrics.Steps.Add(0, Tags);
        _metrics.Tokens.Add(0, Tags);
        _metrics.Flops.Add(0, Tags);
        _metrics.DataWait.Add(0, Tags);
        _metrics.NonFinite.Add(0, Tags);
        foreach (var reason in MetricLabels.CheckpointReasons)
            _metrics.CheckpointFailures.Add(0, [.. Tags, new("reason", reason)]);
    }

    private static double UnixTime() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    private IEnumerable<(int Index, RouterUse Routing)> Layers() => (_reading?.Routing ?? []).Index();
}
