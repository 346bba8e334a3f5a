using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Reflection;
using Bam.Contracts.Status;
using Bam.Grains.Hosting;
using Bam.Training.Native;

namespace Bam.Grains.Telemetry;

/// <summary>
/// Every instrument of training, with its unit and meaning (design.md, section 8); those that a coordinator speaks through are in the other
/// part. The Prometheus exporter turns <c>bam.step.duration</c> in seconds into <c>bam_step_duration_seconds</c>, leaves units in braces
/// out, and gives counters <c>_total</c>.
/// </summary>
internal sealed partial class TrainingMetrics : IDisposable
{
    public const string MeterName = "Bam.Training";

    private readonly Meter _meter;
    private readonly ConcurrentDictionary<(string Run, string Member), MemberMeter> _members = new();
    private volatile DeviceFacts? _device;

    public TrainingMetrics(IMeterFactory meters, TrainingHostOptions options)
    {
        _meter = meters.Create(MeterName);
        Tokens = _meter.CreateCounter<long>("bam.tokens", "{token}", "Tokens trained by this silo, those of steps that were lost later included.");
        Steps = _meter.CreateCounter<long>("bam.steps", "{step}", "Optimizer steps done by this silo, those that were lost later included.");
        Flops = _meter.CreateCounter<double>("bam.model_flops", "{flop}", "Model FLOPs of these steps, forward and backward.");
        StepDuration = _meter.CreateHistogram("bam.step.duration", "s", "Wall time of a training step.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60] });
        DataWait = _meter.CreateCounter<double>("bam.data_wait", "s", "Time that steps waited for data.");
        CheckpointDuration = _meter.CreateHistogram("bam.checkpoint.duration", "s", "Time of a save: 'copy' holds the training, 'write' does not.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300] });
        CheckpointFailures = _meter.CreateCounter<long>("bam.checkpoint.failures", "{checkpoint}", "Saves that failed, and checkpoints found damaged.");
        NonFinite = _meter.CreateCounter<long>("bam.nonfinite_steps", "{step}", "Batches left out because loss or gradient was not finite.");

        Gauge("bam.loss", "{nat}", "Training loss, nats a token, auxiliary losses excluded.", member => member.Loss);
        Gauge("bam.grad_norm", null, "Norm of the gradient before clipping.", member => member.GradientNorm);
        Gauge("bam.learning_rate", null, "Learning rate.", member => member.LearningRate);
        Gauge("bam.load_balance_loss", null, "Load-balancing loss, mean over layers; 1 is balanced.", member => member.Balance);
        Gauge("bam.router_z_loss", null, "Router z-loss, mean over layers.", member => member.Z);
        Gauge("bam.target_steps", "{step}", "Length of the training.", member => member.TargetSteps);
        Gauge("bam.mfu_ratio", "1", "Model FLOPs a second of the last steps over the device's peak.", member => member.FlopsPerSecond / _device?.PeakFlops ?? double.NaN);
        Gauge("bam.checkpoint", "By", "Size of a checkpoint's weights and moments.", member => member.CheckpointBytes);
        Gauge("bam.checkpoint.last_success.timestamp", "s", "When a checkpoint was last published, Unix time.", member => member.LastCheckpoint);
        Gauge("bam.last_progress.timestamp", "s", "When a step, or another piece of work, was last done, Unix time.", member => member.LastProgress);
        Gauge("bam.device_memory", "By", "Memory in use: of the GPU, by all who use it; on a CPU, of the process that trains.", member => member.DeviceMemory);
        _meter.CreateObservableGauge("bam.validation_loss", () => Shown.SelectMany(member => member.Validation), "{nat}", "Validation loss, nats a token.");
        _meter.CreateObservableGauge("bam.expert_token_share", () => Shown.SelectMany(member => member.ExpertShares), null, "Part of the tokens an FFN expert got.");
        _meter.CreateObservableGauge("bam.router_entropy", () => Shown.SelectMany(member => member.Entropies), "{nat}", "Mean entropy of a router's gates, nats.");

        DescribeRuns();
        DescribeSilo(options);
    }

    public Counter<long> Tokens { get; }

    public Counter<long> Steps { get; }

    public Counter<double> Flops { get; }

    public Histogram<double> StepDuration { get; }

    public Counter<double> DataWait { get; }

    public Histogram<double> CheckpointDuration { get; }

    public Counter<long> CheckpointFailures { get; }

    public Counter<long> NonFinite { get; }

    /// <summary>What is known of the silo's device; null before its thread has looked.</summary>
    public DeviceFacts? Device
    {
        get => _device;
        set => _device = value;
    }

    /// <summary>The instruments of one session; its gauges stay a while after it is disposed, so that its last numbers are scraped.</summary>
    public MemberMeter Open(string run, string member, MemberKind kind, long targetSteps) =>
        _members[(run, member)] = new MemberMeter(this, run, member, kind, targetSteps);

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

    private void DescribeSilo(TrainingHostOptions options)
    {
        var version = typeof(TrainingMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        _meter.CreateObservableGauge("bam.build_info", () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", version)), null, "The running version.");
        _meter.CreateObservableGauge("bam.device.peak_flops", () => _device is { PeakFlops: { } peak } device
            ? [new Measurement<double>(peak, new("device", options.Device), new("name", device.Name))]
            : Array.Empty<Measurement<double>>(), "{flop}/s", "FLOPs a second that the device could do: what bam_mfu_ratio divides by.");
        _meter.CreateObservableGauge("bam.device_memory.limit", () => _device is { Memory: > 0 } device
            ? [new Measurement<long>(device.Memory, new KeyValuePair<string, object?>("device", options.Device))]
            : Array.Empty<Measurement<long>>(), "By", "Memory of the device.");
        _meter.CreateObservableGauge("bam.store.free", () => Disk(options.Store, disk => disk.AvailableFreeSpace), "By", "Free space on the disk of the checkpoint store.");
        _meter.CreateObservableGauge("bam.store.size", () => Disk(options.Store, disk => disk.TotalSize), "By", "Size of the disk of the checkpoint store.");
    }

    private static IEnumerable<Measurement<long>> Disk(string folder, Func<DriveInfo, long> measure)
    {
        var place = Path.GetFullPath(folder);
        while (!Directory.Exists(place) && Path.GetDirectoryName(place) is { } parent)
            place = parent;   // the store is made by the first save
        try
        {
            return [new Measurement<long>(measure(new DriveInfo(place)))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];   // a share that does not answer: no number is better than a wrong one
        }
    }
}
