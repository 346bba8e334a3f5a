using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Reflection;

namespace Bam.Grains.Telemetry;

/// <summary>
/// Every instrument of training, with its unit and meaning (design.md, section 8). The Prometheus exporter turns <c>bam.step.duration</c>
/// in seconds into <c>bam_step_duration_seconds</c>, and counters get <c>_total</c>. Labels are names only: never a step or free text.
/// </summary>
internal sealed class TrainingMetrics : IDisposable
{
    public const string MeterName = "Bam.Training";

    private readonly Meter _meter;
    private readonly ConcurrentDictionary<(string Run, string Member), MemberMeter> _members = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<Measurement<int>>> _states = new();

    public TrainingMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        Tokens = _meter.CreateCounter<long>("bam.tokens", null, "Tokens trained.");
        Steps = _meter.CreateCounter<long>("bam.steps", null, "Optimizer steps done.");
        Flops = _meter.CreateCounter<double>("bam.model_flops", null, "Model FLOPs done, forward and backward.");
        StepDuration = _meter.CreateHistogram("bam.step.duration", "s", "Wall time of a training step.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60] });
        DataWait = _meter.CreateCounter<double>("bam.data_wait", "s", "Time that steps waited for data.");
        CheckpointDuration = _meter.CreateHistogram("bam.checkpoint.duration", "s", "Time of a save: 'copy' holds the training, 'write' does not.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300] });
        CheckpointFailures = _meter.CreateCounter<long>("bam.checkpoint.failures", null, "Saves that failed, and checkpoints found damaged.");
        NonFinite = _meter.CreateCounter<long>("bam.nonfinite_steps", null, "Batches left out because loss or gradient was not finite.");
        Restarts = _meter.CreateCounter<long>("bam.restarts", null, "Attempts that took over from one that was lost, failed or moved.");
        StepsLost = _meter.CreateCounter<long>("bam.steps_lost", null, "Steps done again after a restart.");
        Recovery = _meter.CreateHistogram("bam.recovery.duration", "s", "From the notice of a death to the first new step.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [.5, 1, 2, 3, 4, 6, 8, 12, 20, 60, 300] });

        Gauge("bam.loss", null, "Training loss, nats a token, auxiliary losses excluded.", member => member.Loss);
        Gauge("bam.grad_norm", null, "Norm of the gradient before clipping.", member => member.GradientNorm);
        Gauge("bam.learning_rate", null, "Learning rate.", member => member.LearningRate);
        Gauge("bam.load_balance_loss", null, "Load-balancing loss, mean over layers; 1 is balanced.", member => member.Balance);
        Gauge("bam.router_z_loss", null, "Router z-loss, mean over layers.", member => member.Z);
        Gauge("bam.target_steps", null, "Length of the training.", member => member.TargetSteps);
        Gauge("bam.checkpoint", "By", "Size of a checkpoint's weights and moments.", member => member.CheckpointBytes);
        Gauge("bam.checkpoint.last_success.timestamp", "s", "When a checkpoint was last published, Unix time.", member => member.LastCheckpoint);
        Gauge("bam.last_progress.timestamp", "s", "When the last step was done, Unix time.", member => member.LastProgress);
        Gauge("bam.device_memory", "By", "Memory of the process that trains.", _ => MemberMeter.ProcessMemory);
        _meter.CreateObservableGauge("bam.validation_loss", () => Shown.SelectMany(member => member.Validation), null, "Validation loss, nats a token.");
        _meter.CreateObservableGauge("bam.expert_token_share", () => Shown.SelectMany(member => member.ExpertShares), null, "Part of the tokens an FFN expert got.");
        _meter.CreateObservableGauge("bam.router_entropy", () => Shown.SelectMany(member => member.Entropies), null, "Mean entropy of a router's gates, nats.");
        _meter.CreateObservableGauge("bam.branch_state", () => _states.Values.SelectMany(states => states), null, "1 for the state that a model is in.");
        var version = typeof(TrainingMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        _meter.CreateObservableGauge("bam.build_info", () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", version)), null, "The running version.");
    }

    public Counter<long> Tokens { get; }

    public Counter<long> Steps { get; }

    public Counter<double> Flops { get; }

    public Histogram<double> StepDuration { get; }

    public Counter<double> DataWait { get; }

    public Histogram<double> CheckpointDuration { get; }

    public Counter<long> CheckpointFailures { get; }

    public Counter<long> NonFinite { get; }

    /// <summary>Counted by the coordinator, which sees every attempt.</summary>
    public Counter<long> Restarts { get; }

    /// <summary>Counted by the coordinator.</summary>
    public Counter<long> StepsLost { get; }

    /// <summary>Recorded by the coordinator.</summary>
    public Histogram<double> Recovery { get; }

    /// <summary>The instruments of one session; its gauges stay a while after it is disposed, so that its last numbers are scraped.</summary>
    public MemberMeter Open(string run, string member, long targetSteps)
    {
        return _members[(run, member)] = new MemberMeter(this, run, member, targetSteps);
    }

    /// <summary>Sets the state gauges of a run that is coordinated here; null takes them away.</summary>
    public void SetStates(string run, IReadOnlyList<Measurement<int>>? states)
    {
        if (states is null)
            _states.TryRemove(run, out _);
        else
            _states[run] = states;
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>The sessions whose gauges are shown; those that ended too long ago are forgotten.</summary>
    private IEnumerable<MemberMeter> Shown
    {
        get
        {
            foreach (var ended in _members.Where(member => member.Value.IsOver))
                _members.TryRemove(ended);
            return _members.Values;
        }
    }

    private void Gauge(string name, string? unit, string description, Func<MemberMeter, double> value) =>
        _meter.CreateObservableGauge(name, () => Shown
            .Select(member => new Measurement<double>(value(member), member.Tags))
            .Where(measurement => !double.IsNaN(measurement.Value)), unit, description);
}
