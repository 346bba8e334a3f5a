using System.Diagnostics;
using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Native;
using Bam.Training.Optimization;
using static TorchSharp.torch;

namespace Bam.Benchmarks;

/// <summary>
/// How near a training step on the CPU comes to the FLOP/s of the same threads' matrix products, in float32 and in bfloat16. Steps and products take
/// turns, for as long, so that what else the host does slows both; for that, too, with one thread its processor time is counted.
/// </summary>
internal static class CpuLimit
{
    private const int Side = 1024;

    /// <summary>GFLOP/s of one round: of square products, and of steps.</summary>
    public sealed record Round(double Float32Product, double Float32Step, double BFloat16Product, double BFloat16Step);

    public static IReadOnlyList<Round> Measure(BenchmarkOptions options, ModelConfig config)
    {
        TorchLibrary.Load();
        using var scope = NewDisposeScope();
        set_num_threads(options.Threads);
        Func<TimeSpan> clock = options.Threads == 1 ? () => ThreadTime.Now : () => Stopwatch.GetElapsedTime(0);
        using var wide = new Step(config, options.Batch, Precision.Float32, clock);
        using var narrow = new Step(config, options.Batch, Precision.BFloat16, clock);
        return
        [
            .. Enumerable.Range(0, options.Rounds).Select(_ =>
            {
                var (wideProduct, wideStep) = wide.Rates(options.Steps);
                var (narrowProduct, narrowStep) = narrow.Rates(options.Steps);
                return new Round(wideProduct, wideStep, narrowProduct, narrowStep);
            }),
        ];
    }

    /// <summary>
    /// What a step does more by the usual count, which takes the masked half of attention for work (PaLM, arXiv 2204.02311, appendix B); ours leaves it
    /// out. Attention's FLOPs go with the context, so twice the context has what the whole square has.
    /// </summary>
    public static double WithMasked(ModelConfig config) =>
        (double)FlopCount.Training(config with { Context = 2 * config.Context }) / FlopCount.Training(config);

    private sealed class Step : IDisposable
    {
        private readonly ParameterSet _parameters;
        private readonly Transformer _model;
        private readonly AdamW _optimizer;
        private readonly Trainer _trainer;
        private readonly double _flops;
        private readonly Func<TimeSpan> _clock;
        private readonly Tensor _left, _right, _product;

        public Step(ModelConfig config, int batch, Precision precision, Func<TimeSpan> clock)
        {
            _clock = clock;
            var type = precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
            var spec = new TrainSpec { Batch = batch, Precision = precision };
            _parameters = ParameterSet.Random(config, 1, CPU, type);
            _model = new Transformer(_parameters);
            _optimizer = new AdamW(_parameters, spec);
            _trainer = new Trainer(_model, _optimizer, new Tokens(config.Vocab), spec, 1_000_000);
            _flops = (double)_trainer.TokensPerStep * FlopCount.Training(config);
            _trainer.Advance(read: true);
            (_left, _right, _product) = (randn(Side, Side).to(type), randn(Side, Side).to(type), empty(Side, Side, type));
        }

        /// <summary>Of products, and model FLOPs of steps, in GFLOP/s.</summary>
        public (double Product, double Step) Rates(int steps)
        {
            var (products, inProducts, inSteps) = (0, TimeSpan.Zero, TimeSpan.Zero);
            for (var i = 0; i < steps; i++)
            {
                inSteps += Time(() => _trainer.Advance(read: true));
                using var quiet = no_grad();
                for (; inProducts < inSteps; products++)
                    inProducts += Time(() => Ops.Multiply(_left, _right, _product));
            }

            return (2.0 * Side * Side * Side * products / inProducts.TotalSeconds / 1e9, _flops * steps / inSteps.TotalSeconds / 1e9);
        }

        private TimeSpan Time(Action work)
        {
            var began = _clock();
            work();
            return _clock() - began;
        }

        public void Dispose()
        {
            _trainer.Dispose();
            _optimizer.Dispose();
            _model.Dispose();
            _parameters.Dispose();
            _left.Dispose();
            _right.Dispose();
            _product.Dispose();
        }
    }

    private sealed class Tokens(int vocab) : IBatchSource
    {
        public void Fill(long step, Span<long> inputs, Span<long> targets)
        {
            for (var i = 0; i < inputs.Length; i++)
                (inputs[i], targets[i]) = ((step + i * 7) % vocab, (step + (i + 1) * 7) % vocab);
        }
    }
}
