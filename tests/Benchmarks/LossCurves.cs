using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Benchmarks;

/// <summary>
/// The fused step trains like autograd does: the same small models from the same weights on the bytes of a text, on both paths,
/// each twice to see how much two runs of the same differ. Mixtures are made of copies of a dense model that was trained first, as branches are of
/// a seed model; from random experts two runs of the same would part within a hundred steps, whichever path they take.
/// </summary>
internal static class LossCurves
{
    private const int SeedSteps = 150;

    private static readonly ModelConfig Dense = new()
    {
        Vocab = 320, Layers = 6, Width = 384, Heads = 6, KvHeads = 6, Ffn = 1024, Context = 512,
    };

    private static readonly (string Name, ModelConfig Config)[] Models =
    [
        ("dense", Dense), ("bam", Mixture(KvMode.Experts, AttentionMode.Soft)), ("bam-kv", Mixture(KvMode.Shared, AttentionMode.Soft)),
        ("btx", Mixture(KvMode.Experts, AttentionMode.Averaged)),
    ];

    /// <param name="Difference">Largest difference of the two curves, each a mean over 20 steps, as a part of the loss.</param>
    /// <param name="PlainNoise">The same between two runs by autograd.</param>
    /// <param name="Noise">The same between two runs of the fused step.</param>
    /// <param name="Resumed">The same between one run and one that was stopped half way and went on from its weights and moments.</param>
    public sealed record Result(string Model, int Steps, double PlainLoss, double FusedLoss, double Difference, double PlainNoise, double Noise, double Resumed);

    public static IEnumerable<Result> Measure(BenchmarkOptions options)
    {
        var text = File.ReadAllBytes(options.Text);
        var seed = new Dictionary<string, Tensor>();
        Train(Dense, text, SeedSteps, fused: false, seed, keep: true);
        foreach (var (name, config) in Models.Where(model => options.Model == "all" || options.Model.Split(',').Contains(model.Name)))
        {
            var plain = Train(config, text, options.Steps, fused: false, seed);
            var plainAgain = Train(config, text, options.Steps, fused: false, seed);
            var fused = Train(config, text, options.Steps, fused: true, seed);
            var again = Train(config, text, options.Steps, fused: true, seed);
            var resumed = Train(config, text, options.Steps, fused: true, seed, stopAt: options.Steps / 2);
            yield return new Result(
                name, options.Steps, Math.Round(plain[^20..].Average(), 4), Math.Round(fused[^20..].Average(), 4), Largest(plain, fused), Largest(plain, plainAgain),
                Largest(fused, again), Largest(fused, resumed));
        }
    }

    private static double Largest(double[] one, double[] two) => Math.Round(
        one.Chunk(20).Zip(two.Chunk(20), (a, b) => Math.Abs(a.Average() - b.Average()) / a.Average()).Max(), 6);

    private static double[] Train(
        ModelConfig config, byte[] text, int steps, bool fused, Dictionary<string, Tensor> seed, int stopAt = 0, bool keep = false)
    {
        using var scope = NewDisposeScope();
        InitializeDeviceType(DeviceType.CUDA);
        var spec = new TrainSpec { Batch = 16, Precision = Precision.BFloat16, LearningRate = config.Experts > 0 ? 3e-4 : 1e-3, Warmup = 30 };
        var losses = new double[steps];
        var state = new List<Tensor>();
        for (var start = 0; start < steps; start += stopAt > 0 ? stopAt : steps)
        {
            using var parameters = new ParameterSet(config, torch.device("cuda:0"), ScalarType.BFloat16, fused);
            parameters.Draw(seed: 3);
            using var model = new Transformer(parameters);
            using var optimizer = new AdamW(parameters, spec);
            using var quiet = no_grad();
            foreach (var (tensor, master) in parameters.Specs.Zip(parameters.Masters).Where(row => config.Experts > 0 && !row.First.IsRouter))
                master.copy_(seed[tensor.Name.Replace(".experts.", ".", StringComparison.Ordinal).Replace(".weight", "", StringComparison.Ordinal)]);
            parameters.Publish();
            if (start > 0)
            {
                foreach (var (into, from) in State(parameters, optimizer).Zip(state))
                    into.copy_(from);
                parameters.Publish();
            }

            using var trainer = new Trainer(
                model, optimizer, new TextBatches(text, config.Context), spec, steps, start, null, null, fused ? new CudaKernels(parameters.Device) : null);
            using var gradients = enable_grad();
            for (var step = start; step < Math.Min(steps, start + (stopAt > 0 ? stopAt : steps)); step++)
            {
                // Not by a reading: that of a mixture wants a trace, and its step would not be a recorded one.
                trainer.Advance(read: false);
                losses[step] = trainer.Unread.Sum;
                trainer.Unread = default;
            }

            if (keep)
            {
                foreach (var (tensor, master) in parameters.Specs.Zip(parameters.Masters))
                    seed[tensor.Name.Replace(".weight", "", StringComparison.Ordinal)] = master.detach().cpu().DetachFromDisposeScope();
            }

            state = [.. State(parameters, optimizer).Select(tensor => tensor.detach().cpu())];
        }

        return losses;
    }

    private static IEnumerable<Tensor> State(ParameterSet parameters, AdamW optimizer) =>
        parameters.Masters.Concat(optimizer.FirstMoments).Concat(optimizer.SecondMoments).Append(optimizer.Steps);

    private static ModelConfig Mixture(KvMode kv, AttentionMode attention) => Dense.Mixture(new MixtureSpec
    {
        Name = "m", Steps = 1, Attention = attention, Kv = kv, Experts = ["a", "b", "c", "d"],
    });

    private sealed class TextBatches(byte[] text, int context) : IBatchSource
    {
        public void Fill(long step, Span<long> inputs, Span<long> targets)
        {
            var random = new Random((int)step);
            for (var row = 0; row < inputs.Length; row += context)
            {
                var start = random.Next(text.Length - context - 1);
                for (var i = 0; i < context; i++)
                    (inputs[row + i], targets[row + i]) = (text[start + i], text[start + i + 1]);
            }
        }
    }
}
