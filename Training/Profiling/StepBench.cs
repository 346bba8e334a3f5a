using System.Diagnostics;
using System.Globalization;
using Bam.Training.Fused;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Native;
using Bam.Training.Optimization;
using Bam.Training.Sessions;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Profiling;

/// <summary>
/// Times the training step of a model with random weights on random tokens, undisturbed; then, in a second pass of its own, every operation of it:
/// by kernel where the step is written out, else by operator.
/// </summary>
public static class StepBench
{
    private const double InitialDeviation = 0.02;

    /// <summary>Measures on the calling thread, which must be one that torch may use.</summary>
    /// <param name="job">What to measure.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <exception cref="TrainingException">The step does not fit into the device's memory.</exception>
    public static BenchResult Run(BenchJob job, CancellationToken cancellation = default)
    {
        try
        {
            return Measure(job, cancellation);
        }
        catch (Exception e) when (Rehearsal.Shortage(e) is { } reason)
        {
            throw new TrainingException(
                $"a step of batch {job.Train.Batch} and context {job.Config.Context} does not fit on {job.Device}: lower one of them ({reason})", isFinal: true);
        }
    }

    private static BenchResult Measure(BenchJob job, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var device = SessionDevice.Open(job.Device);
        var isCuda = device.type == DeviceType.CUDA;
        if (isCuda)
            zeros(1, device: device).Dispose();                                // the context is there
        var facts = DeviceFacts.Of(job.Device, null);
        var context = facts.MemoryInUse() ?? 0;
        var (config, train) = (job.Config, job.Train);
        var compute = train.Precision == Contracts.Runs.Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        using var parameters = new ParameterSet(config, device, compute);
        Draw(parameters);
        using var model = new Transformer(parameters);
        using var optimizer = new AdamW(parameters, train);
        var isFused = parameters.Flat is not null;
        var batches = new RandomBatches(config.Vocab);
        var peak = 0L;
        double loss;
        List<double> times, enqueued;
        bool isRecorded;
        using (var trainer = new Trainer(model, optimizer, batches, train, long.MaxValue))
        {
            (times, enqueued) = Time(trainer, job.Warmup, job.Steps, isCuda, () => peak = Math.Max(peak, facts.MemoryInUse() ?? 0), null, cancellation);
            isRecorded = trainer.IsRecorded;
            loss = trainer.Advance(read: true)!.Loss;
        }

        if (!isCuda)
            peak = ResidentPeak();
        var (operations, profiled) = job.ProfiledSteps == 0
            ? ([], 0)
            : isFused ? ByKernel(model, optimizer, batches, job, isCuda, cancellation) : ByOperator(model, optimizer, batches, job, isCuda, cancellation);
        var median = Median(times);
        var rate = (double)train.Batch * config.Context / median * 1e3;
        return new()
        {
            Device = facts,
            Threads = get_num_threads(),
            Path = isFused ? "fused" : "autograd",
            IsRecorded = isRecorded,
            StepMilliseconds = times,
            Milliseconds = median,
            EnqueueMilliseconds = Median(enqueued),
            TokensPerSecond = rate,
            FlopsPerSecond = rate * FlopCount.Training(config),
            PeakBytes = peak - context,
            ContextBytes = context,
            Loss = loss,
            ProfiledSteps = job.ProfiledSteps,
            ProfiledMilliseconds = profiled,
            Operations = WithHost(operations, profiled),
        };
    }

    private static (IReadOnlyList<OperationTime> Operations, double Milliseconds) ByKernel(
        Transformer model, AdamW optimizer, RandomBatches batches, BenchJob job, bool isCuda, CancellationToken cancellation)
    {
        var kernels = new ProfiledKernels(FastPath.Kernels(model.Parameters.Device), isCuda ? () => new CudaClock() : () => new HostClock());
        using var trainer = new Trainer(model, optimizer, batches, job.Train, long.MaxValue, 0, null, null, kernels);
        _ = Time(trainer, 0, 2, isCuda, null, null, cancellation);
        kernels.Clear();
        var (times, _) = Time(trainer, 0, job.ProfiledSteps, isCuda, null, null, cancellation);
        return (kernels.Read(job.ProfiledSteps), Median(times));
    }

    private static (IReadOnlyList<OperationTime> Operations, double Milliseconds) ByOperator(
        Transformer model, AdamW optimizer, RandomBatches batches, BenchJob job, bool isCuda, CancellationToken cancellation)
    {
        using var trainer = new Trainer(model, optimizer, batches, job.Train, long.MaxValue);
        using var recorder = new OperationRecorder(waits: isCuda);
        var (times, _) = Time(trainer, 0, job.ProfiledSteps, isCuda, null, recorder.BeginStep, cancellation);
        return (recorder.Read(job.ProfiledSteps), Median(times));
    }

    private static (List<double> Whole, List<double> Enqueued) Time(
        Trainer trainer, int warmup, int steps, bool isCuda, Action? after, Action? before, CancellationToken cancellation)
    {
        var (whole, enqueued) = (new List<double>(), new List<double>());
        for (var step = 0; step < warmup + steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            before?.Invoke();
            var began = Stopwatch.GetTimestamp();
            trainer.Advance(read: false);
            enqueued.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            if (isCuda)
                cuda.synchronize();
            whole.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            after?.Invoke();
        }

        return (whole[warmup..], enqueued[warmup..]);
    }

    private static IReadOnlyList<OperationTime> WithHost(IReadOnlyList<OperationTime> operations, double step) => operations.Count == 0
        ? operations
        :
        [
            .. operations.Append(new(
                    StepPhase.Forward, OperationGroup.Host, "batch, dispatch and waiting", Math.Max(0, step - operations.Sum(row => row.Milliseconds)), 1))
                .OrderByDescending(row => row.Milliseconds),
        ];

    /// <summary>On the device itself: the numbers need not be the same on every host.</summary>
    private static void Draw(ParameterSet parameters)
    {
        using var quiet = no_grad();
        random.manual_seed(1);
        foreach (var (tensor, master) in parameters.Specs.Zip(parameters.Masters))
        {
            if (tensor.Group == TensorGroup.Norm)
                nn.init.ones_(master);
            else
                nn.init.normal_(master, 0, InitialDeviation);
        }

        parameters.Publish();
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>The most memory that this process ever had, in bytes.</summary>
    private static long ResidentPeak()
    {
        const string status = "/proc/self/status";
        var line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(text => text.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        return line is null ? Environment.WorkingSet : 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    /// <summary>Other tokens in every step, drawn before the first.</summary>
    private sealed class RandomBatches(int vocab) : IBatchSource
    {
        private const int Shifts = 61;
        private long[] _tokens = [];

        public void Fill(long step, Span<long> inputs, Span<long> targets)
        {
            if (_tokens.Length == 0)
            {
                var random = new Random(1);
                _tokens = [.. Enumerable.Range(0, inputs.Length + Shifts + 1).Select(_ => (long)random.Next(vocab))];
            }

            var first = (int)(step % Shifts);
            _tokens.AsSpan(first, inputs.Length).CopyTo(inputs);
            _tokens.AsSpan(first + 1, inputs.Length).CopyTo(targets);
        }
    }
}
