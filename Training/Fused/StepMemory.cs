using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;

namespace Bam.Training.Fused;

/// <summary>Bytes of a fused step besides weights and moments, counted without a device.</summary>
/// <param name="Held">What it takes once and keeps: activations, gradients of all but FFN experts, logits.</param>
/// <param name="Passing">The most that it takes besides within a step: attention's results, grouped products, gradients of FFN experts.</param>
public sealed record StepMemory(long Held, long Passing)
{
    public long Total => Held + Passing;

    /// <summary>The memory of a model's step in bfloat16.</summary>
    public static StepMemory Of(ModelConfig config, TrainSpec train) => Of(config, train.Batch, train.Recompute, number: 2, wide: 4);

    /// <param name="number">Bytes of a number of the arithmetic.</param>
    /// <param name="wide">Bytes of a statistic, gate or loss.</param>
    internal static StepMemory Of(ModelConfig config, int batch, bool recompute, int number, int wide)
    {
        var shape = new StepShape(config, batch);
        long n = shape.Tokens, d = config.Width, f = config.Ffn, q = shape.QueryWidth, kv = shape.KeyWidth, e = config.Experts;
        long rows = shape.FfnRows, k = config.FfnTopK, layers = config.Layers, kept = recompute ? 1 : layers;
        var pieces = FlatLayout.Of(config).Pieces;

        // Of a block, between its forward and its backward pass.
        var numbers = (n * d) + (n * FlatLayout.Columns(config).Count) + (shape.Heads.Regrouped ? n * q : 0);
        var wides = 2 * n;
        long bytes = 0;
        if (config.RoutesAttention)
            (numbers, wides) = (numbers + (n * q), wides + (n * e));
        if (e == 0)
        {
            numbers += n * shape.OutWidth;
        }
        else
        {
            var blocks = (n + Routes.TokensPerBlock - 1) / Routes.TokensPerBlock;
            numbers += rows * (d + f);
            wides += (n * e) + (2 * n * k) + n + e + (blocks * e) + blocks;
            bytes += sizeof(int) * ((3 * n * k) + e + (blocks * e));
        }

        var held = kept * ((numbers * number) + (wides * wide) + bytes);
        held += number * pieces.Where(piece => piece.Groups == 1).Sum(piece => piece.Count);
        held += number * ((2 * n * d) + (n * shape.OutWidth) + (config.RoutesAttention ? n * q : 0) + (e > 0 ? rows * d : 0)) + (e > 0 ? wide * rows : 0);
        held += (number * (layers + 1) * n * d) + (wide * 2 * layers) + (wide * config.Context * (config.HeadWidth / 2) * 2L);
        held += number * ((n / FusedStep.HeadParts(shape) * config.Vocab) + (n * d)) + (wide * ((3 * n) + 2)) + (2 * sizeof(long) * n);

        long heads = config.AttentionExperts * config.Heads, both = e > 0 ? 2 * rows * f : 0;
        var passing = (kept * number * ((n * q) + both)) + (kept * wide * n * heads);
        passing += number * ((2 * n * (q + kv)) + (e > 0 ? rows * (f + d) : 0)) + (wide * n * q);    // gradients of q, k, v, and cuDNN's own sum
        passing += number * pieces.Where(piece => piece.Groups > 1).Sum(piece => piece.Count);
        return new(held, passing);
    }
}
