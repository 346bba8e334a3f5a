using System.Diagnostics;
using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Native;
using Bam.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Benchmarks;

/// <summary>
/// Time of a training step on a CUDA device for the models of reference/torch_bam.py, measured as it measures: the median of single steps
/// with the device waited for after each. With a profile, the time of each kind of operation, too.
/// </summary>
internal static class TrainStep
{
    private static readonly ModelConfig Large = new()
    {
        Vocab = 32_768, Layers = 24, Width = 1280, Heads = 20, KvHeads = 20, Ffn = 3456, Context = 2048,
    };

    private static readonly ModelConfig Small = Large with { Layers = 12, Width = 768, Heads = 12, KvHeads = 12, Ffn = 2048, Context = 1024 };

    private static readonly (string Name, ModelConfig Config, int Batch)[] Models =
    [
        ("dense", Large, 8),
        ("btx", Mixture(Large, AttentionMode.Averaged, KvMode.Experts), 8),
        ("bam", Mixture(Large, AttentionMode.Soft, KvMode.Experts), 4),
        ("bam-kv", Mixture(Large, AttentionMode.Soft, KvMode.Shared), 4),
        ("dense-small", Small, 32),
        ("bam-small", Mixture(Small, AttentionMode.Soft, KvMode.Experts), 16),
    ];

    public sealed record Operation(string Group, double Milliseconds, int Calls);

    public sealed record Result(
        string Model, string Path, long Parameters, int Batch, int Context, double Milliseconds, double TokensPerSecond, double Tflops, double EnqueueMilliseconds,
        double MemoryGB, double Loss, IReadOnlyList<Operation> Profile);

    public static IEnumerable<Result> Measure(BenchmarkOptions options)
    {
        foreach (var (name, config, batch) in Models.Where(model => options.Model == "all" || options.Model.Split(',').Contains(model.Name)))
            yield return Measure(name, config, batch, options);
    }

    private static Result Measure(string name, ModelConfig config, int batch, BenchmarkOptions options)
    {
        using var scope = NewDisposeScope();
        var fused = options.StepKind != "plain";
        var spec = new TrainSpec
        {
            Batch = batch, Precision = Precision.BFloat16, LearningRate = 1e-4, Warmup = 0, WeightDecay = 0.01,
            Recompute = options.Recompute, OptimizerStates = options.OptimizerStates,
        };
        InitializeDeviceType(DeviceType.CUDA);
        using var parameters = new ParameterSet(config, torch.device("cuda:0"), ScalarType.BFloat16, fused);
        foreach (var (tensor, master) in parameters.Specs.Zip(parameters.Masters))
        {
            using var quiet = no_grad();
            nn.init.normal_(master, 0, 0.02);
            if (tensor.Group == TensorGroup.Norm)
                nn.init.ones_(master);
        }

        parameters.Publish();
        using var model = new Transformer(parameters);
        using var optimizer = new AdamW(parameters, spec);
        IStepKernels? kernels = options.StepKind switch
        {
            "plain" => null,
            "twins" => new PlainKernels(),
            _ => new CudaKernels(parameters.Device),
        };
        var profiled = kernels is not null && options.Profile ? new ProfiledKernels(kernels, () => new CudaClock()) : null;
        using var trainer = new Trainer(
            model, optimizer, new OneBatch(config.Vocab, batch * config.Context), spec, 1000, 0, null, null,
            profiled ?? kernels);
        var (times, enqueued) = (new List<double>(), new List<double>());
        for (var step = 0; step < options.Steps; step++)
        {
            var began = Stopwatch.GetTimestamp();
            trainer.Advance(read: false);
            enqueued.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            cuda.synchronize();
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            if (step == 3)
                profiled?.Clear();
        }

        var steps = options.Steps - 4;
        var profile = profiled?.Read(steps).Select(row => new Operation(row.Operation, Math.Round(row.Milliseconds, 3), (int)row.Calls)).ToArray() ?? [];
        var median = Median(times.Skip(4));
        var rate = batch * config.Context / median * 1e3;
        var loss = trainer.Advance(read: true)!.Loss;
        return new Result(
            name, options.StepKind, TensorLayout.Parameters(config), batch, config.Context, Math.Round(median, 2), Math.Round(rate),
            Math.Round(rate * FlopCount.Training(config) / 1e12, 1), Math.Round(Median(enqueued.Skip(4)), 2), Math.Round((CudaDriver.MemoryInUse() ?? 0) / 1e9, 1),
            Math.Round(loss, 3), profile);
    }

    private static double Median(IEnumerable<double> values) => values.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;

    private static ModelConfig Mixture(ModelConfig dense, AttentionMode attention, KvMode kv) => dense.Mixture(new MixtureSpec
    {
        Name = "m", Steps = 1, Attention = attention, Kv = kv, Experts = ["a", "b", "c", "d"],
    });

    /// <summary>The same random tokens in every step, as the reference has.</summary>
    private sealed class OneBatch : IBatchSource
    {
        private readonly long[] _tokens;

        public OneBatch(int vocab, int count)
        {
            var random = new Random(1);
            _tokens = [.. Enumerable.Range(0, count + 1).Select(_ => (long)random.Next(vocab))];
        }

        public void Fill(long step, Span<long> inputs, Span<long> targets)
        {
            _tokens.AsSpan(0, inputs.Length).CopyTo(inputs);
            _tokens.AsSpan(1, targets.Length).CopyTo(targets);
        }
    }
}
