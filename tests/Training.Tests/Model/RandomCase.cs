using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Randomness;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Model;

/// <summary>A small model and a batch for it, every option drawn from a seed.</summary>
/// <param name="Seed">What everything follows from.</param>
/// <param name="Config">The model.</param>
/// <param name="Batch">Its batch.</param>
/// <param name="Padding">How the batch is laid out.</param>
/// <param name="Alpha">Weight of the load-balancing loss.</param>
/// <param name="Beta">Weight of the router z-loss.</param>
internal sealed record RandomCase(int Seed, ModelConfig Config, TokenBatch Batch, string Padding, double Alpha, double Beta)
{
    public static readonly string[] Paddings = ["none", "left", "right", "packed", "counted"];

    private static readonly AttentionMode?[] Modes =
        [null, AttentionMode.Soft, AttentionMode.Top1, AttentionMode.Top2, AttentionMode.Averaged, AttentionMode.Seed];

    public static RandomCase Draw(int seed)
    {
        var random = new Random((int)(CounterHash.Of($"case {seed}") >> 33));   // Random's first numbers follow its seed too closely
        int Pick(params int[] values) => values[random.Next(values.Length)];
        int kvHeads = Pick(1, 2, 3), heads = kvHeads * Pick(1, 1, 2, 3), experts = Pick(1, 2, 3, 4, 5), time = Pick(3, 5, 8);
        var dense = new ModelConfig
        {
            Vocab = Pick(7, 16, 29),
            Layers = Pick(1, 2, 3),
            Width = heads * Pick(2, 4, 6),
            Heads = heads,
            KvHeads = kvHeads,
            Ffn = Pick(3, 8, 12),
            Context = time + Pick(0, 3),
            Norm = random.Next(2) == 0 ? NormKind.LayerNorm : NormKind.RmsNorm,
            NormEps = random.Next(2) == 0 ? 1e-5 : 1e-2,
            RopeTheta = Pick(50, 10_000),
            RopeInterleaved = random.Next(2) == 0,
            Tied = random.Next(2) == 0,
        };
        var spec = new MixtureSpec
        {
            Name = "m",
            Steps = 1,
            Attention = Modes[seed % Modes.Length] ?? AttentionMode.Soft,
            Kv = seed / Modes.Length % 2 == 0 ? KvMode.Experts : KvMode.Shared,
            FfnTopK = 1 + random.Next(experts),
            FfnRenormalise = random.Next(2) == 0,
            AttentionRenormalise = random.Next(2) == 0,
            Experts = [.. Enumerable.Range(0, experts).Select(i => $"expert-{i}")],
        };
        var config = Modes[seed % Modes.Length] is null ? dense : dense.Mixture(spec);
        var padding = Paddings[random.Next(Paddings.Length)];
        return new(seed, config, Draw(random, config, Pick(1, 2, 3), time, padding), padding, Alpha: 0.3, Beta: 0.07);
    }

    /// <summary>Weights large enough that every part matters, norms that are not all one.</summary>
    public ParameterSet Weights(ScalarType compute)
    {
        var parameters = new ParameterSet(Config, CPU, compute);
        parameters.Load((spec, values) =>
        {
            GaussianSource.Fill(values, Seed, spec.Name, spec.Group is TensorGroup.AttentionRouter or TensorGroup.FfnRouter ? 0.6 : 0.35);
            for (var i = 0; i < values.Length && spec.Group == TensorGroup.Norm; i++)
                values[i] += 1;
        });
        return parameters;
    }

    public override string ToString() =>
        $"seed {Seed}, alpha {Alpha}, beta {Beta}, padding {Padding}, batch {Batch.Ids.Length} x {Batch.Ids[0].Length}\n" +
        $"segments {Rows(Batch.Segments)}\ncounted {Rows(Batch.Counted)}\n{Config.ToJson()}\nattention_renormalise {Config.AttentionRenormalise}";

    private static string Rows<T>(T[][]? rows) => rows is null ? "null" : string.Join(" | ", rows.Select(row => string.Join(' ', row)));

    private static TokenBatch Draw(Random random, ModelConfig config, int rows, int time, string padding)
    {
        long[] Row(Func<int, long> value) => [.. Enumerable.Range(0, time).Select(value)];
        long[][] Each(Func<long[]> row) => [.. Enumerable.Range(0, rows).Select(_ => row())];
        var segments = padding is "left" or "right" or "packed" ? Each(() =>
        {
            var edge = random.Next(1, time);
            return padding switch
            {
                "left" => Row(t => t < edge ? 0 : 1),
                "right" => Row(t => t < edge ? 1 : 0),
                _ => Row(t => t < edge ? 4 : t < time - 1 ? 2 : 0),
            };
        }) : null;
        var targets = Each(() => Row(_ => random.Next(5) == 0 ? -100 : random.Next(config.Vocab)));
        targets[0][time - 2] = 1;                                              // at least one counts
        for (var row = 0; row < rows; row++)
        {
            for (var t = 0; t < time && segments is not null; t++)
                targets[row][t] = segments[row][t] == 0 ? -100 : Math.Max(targets[row][t], 0);
        }

        bool[] Half() => [.. Enumerable.Range(0, time).Select(t => t == 0 || random.Next(2) == 0)];
        bool[][]? counted = padding == "counted" ? [.. Enumerable.Range(0, rows).Select(_ => Half())] : null;
        return new(Each(() => Row(_ => random.Next(config.Vocab))), targets, segments, counted);
    }
}
