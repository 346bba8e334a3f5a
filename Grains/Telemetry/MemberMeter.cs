using System.Diagnostics;
using System.Diagnostics.Metrics;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;
using Bam.Training.Optimization;

namespace Bam.Grains.Telemetry;

/// <summary>The numbers of one session. Written by the session's threads, read by the exporter's.</summary>
internal sealed class MemberMeter(TrainingMetrics metrics, string run, string member, long targetSteps) : IDisposable
{
    // Longer than any usual scrape interval.
    private static readonly TimeSpan Afterglow = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, double> _validation = [];
    private volatile StepReading? _reading;
    private long _ended;

    /// <summary>Whether the session ended so long ago that its numbers would mislead.</summary>
    public bool IsOver => Interlocked.Read(ref _ended) is var ended and not 0 && Stopwatch.GetElapsedTime(ended) > Afterglow;

    public KeyValuePair<string, object?>[] Tags { get; } = [new("run", run), new("branch", member)];

    public double Loss => _reading?.Loss ?? double.NaN;

    public double GradientNorm => _reading?.GradientNorm ?? double.NaN;

    public double LearningRate => _reading?.LearningRate ?? double.NaN;

    public double Balance => _reading?.Balance ?? double.NaN;

    public double Z => _reading?.Z ?? double.NaN;

    public double TargetSteps => targetSteps;

    public double CheckpointBytes { get; private set; } = double.NaN;

    public double LastCheckpoint { get; private set; } = double.NaN;

    public double LastProgress { get; private set; } = double.NaN;

    public static double ProcessMemory => Environment.WorkingSet;

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

    public void Stepped(long tokens, long flopsPerToken, TimeSpan duration, TimeSpan dataWait)
    {
        metrics.Steps.Add(1, Tags);
        metrics.Tokens.Add(tokens, Tags);
        metrics.Flops.Add((double)tokens * flopsPerToken, Tags);
        metrics.StepDuration.Record(duration.TotalSeconds, Tags);
        metrics.DataWait.Add(dataWait.TotalSeconds, Tags);
        Pulse();
    }

    public void Read(StepReading reading) => _reading = reading;

    public void Skipped() => metrics.NonFinite.Add(1, Tags);

    public void Saved(SaveOutcome outcome)
    {
        metrics.CheckpointDuration.Record(outcome.Held.TotalSeconds, [.. Tags, new("stage", "copy")]);
        metrics.CheckpointDuration.Record(outcome.Written.TotalSeconds, [.. Tags, new("stage", "write")]);
        CheckpointBytes = outcome.Bytes;
        if (outcome.Checkpoint is not null)
            LastCheckpoint = UnixTime();
        else
            metrics.CheckpointFailures.Add(1, [.. Tags, new("reason", outcome.Reason)]);
    }

    public void Damaged(int checkpoints)
    {
        if (checkpoints > 0)
            metrics.CheckpointFailures.Add(checkpoints, [.. Tags, new("reason", "damaged")]);
    }

    public void Evaluated(string domain, double nll)
    {
        lock (_validation)
            _validation[domain] = nll;
    }

    public void Pulse() => LastProgress = UnixTime();

    public void Dispose() => Interlocked.CompareExchange(ref _ended, Stopwatch.GetTimestamp(), 0);

    private static double UnixTime() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    private IEnumerable<(int Index, RouterUse Routing)> Layers() => (_reading?.Routing ?? []).Index();
}
