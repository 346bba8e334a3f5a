using System.Numerics;
using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Tests.Model;

namespace Bam.Training.Tests.Mixing;

public sealed class MixerTests : IDisposable
{
    private static readonly Dictionary<string, MixtureSpec> Specs = new()
    {
        ["KV experts"] = DenseModels.Spec,
        ["KV shared"] = DenseModels.Spec with { Kv = KvMode.Shared },
        ["BTX"] = DenseModels.Spec with { Attention = AttentionMode.Averaged },
    };

    private readonly DenseModels _models = new();

    public static TheoryData<string, string> Copied => new()
    {
        { "KV experts", "attention.q attention.k attention.v attention.o ffn.gate ffn.up ffn.down" },
        { "KV shared", "attention.q attention.o ffn.gate ffn.up ffn.down" },
        { "BTX", "ffn.gate ffn.up ffn.down" },
    };

    public static TheoryData<string, string> Means => new()
    {
        { "KV experts", "blocks.1.norm.weight" },
        { "KV shared", "blocks.1.norm.weight blocks.0.attention.k.weight blocks.1.attention.v.weight" },
        { "BTX", "blocks.1.norm.weight blocks.0.attention.q.weight blocks.1.attention.k.weight blocks.1.attention.o.weight" },
    };

    private static readonly Dictionary<string, ModelConfig> Others = new()
    {
        ["layers is 3, not 2"] = Shapes.Dense with { Layers = 3 },
        ["width is 48, not 32"] = Shapes.Dense with { Width = 48 },
        ["ffn is 32, not 24"] = Shapes.Dense with { Ffn = 32 },
        ["kv_heads is 4, not 2"] = Shapes.Dense with { KvHeads = 4 },
        ["vocab is 128, not 64"] = Shapes.Dense with { Vocab = 128 },
        ["tied is False, not True"] = Shapes.Dense with { Tied = false },
        ["rope_theta is 500000, not 10000"] = Shapes.Dense with { RopeTheta = 500_000 },
        ["rope_interleaved is False, not True"] = Shapes.Dense with { RopeInterleaved = false },
        ["norm is RmsNorm, not LayerNorm"] = Shapes.Dense with { Norm = NormKind.RmsNorm },
        ["tokenizer is cl100k_base:64, not bytes"] = Shapes.Dense with { Tokenizer = "cl100k_base:64" },
    };

    public static TheoryData<string> Misfits => [.. Others.Keys];

    public void Dispose() => _models.Dispose();

    [Theory, MemberData(nameof(Copied))]
    public void Experts_are_bit_identical_to_their_sources_in_the_order_given(string mode, string parts)
    {
        MixSource[] sources = [_models.Publish("c"), _models.Publish("a"), _models.Publish("b")];

        var mixture = _models.Mix(sources, Specs[mode]);

        Assert.Equal(["c", "a", "b"], mixture.Config.ExpertNames!);
        foreach (var part in parts.Split(' '))
        {
            for (var layer = 0; layer < 2; layer++)
            {
                var (room, name) = part.Split('.') is [var first, var second] ? (first, second) : default;
                var stacked = DenseModels.Read(mixture, $"blocks.{layer}.{room}.experts.{name}");
                Assert.Equal(sources.SelectMany(source => DenseModels.Read(source.Checkpoint, $"blocks.{layer}.{part}.weight")), stacked);
            }
        }
    }

    [Theory, MemberData(nameof(Means))]
    public void Everything_else_is_the_mean_of_all_sources_rounded_once(string mode, string tensors)
    {
        MixSource[] sources = [_models.Publish("a"), _models.Publish("b"), _models.Publish("c")];

        var mixture = _models.Mix(sources, Specs[mode]);

        foreach (var tensor in tensors.Split(' ').Append("embed.weight").Append("norm.weight"))
        {
            var parts = sources.Select(source => DenseModels.Read(source.Checkpoint, tensor)).ToArray();
            var mean = DenseModels.Read(mixture, tensor);
            Assert.All(Enumerable.Range(0, mean.Length), i => AssertNearestToMean([.. parts.Select(part => part[i])], mean[i]));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void The_mean_of_identical_tensors_is_that_tensor_bit_by_bit(int count)
    {
        var source = _models.Publish("one", Shapes.Dense with { Tied = false });

        var mixture = _models.Mix([.. Enumerable.Repeat(source, count)], Specs["BTX"]);

        foreach (var tensor in TensorLayout.Of(mixture.Config).Where(tensor => Mixer.Origin(tensor) == TensorOrigin.Averaged))
            Assert.Equal(DenseModels.Read(source.Checkpoint, tensor.Name), DenseModels.Read(mixture, tensor.Name));
    }

    [Fact]
    public void Routers_are_random_with_the_given_deviation()
    {
        var wide = Shapes.Dense with { Width = 512, Heads = 8, KvHeads = 4, Ffn = 8 };
        MixSource[] sources = [.. Enumerable.Range(0, 4).Select(i => _models.Publish($"{i}", wide))];

        var mixture = _models.Mix(sources, DenseModels.Spec with { RouterStd = 0.05 });

        foreach (var name in Routers(mixture))
        {
            var values = DenseModels.Read(mixture, name);                      // 2,048 numbers
            Assert.Equal(0, values.Average(), 0.005);
            Assert.Equal(0.05, Math.Sqrt(values.Average(value => value * value)), 0.003);
        }
    }

    [Fact]
    public void Routers_differ_between_layers_kinds_mixtures_and_seeds_and_are_the_same_for_the_same()
    {
        MixSource[] sources = [_models.Publish("a"), _models.Publish("b")];
        var one = _models.Mix(sources);
        var others = new[] { _models.Mix(sources, seed: 4), _models.Mix(sources, DenseModels.Spec with { Name = "other" }) };

        var all = others.Append(one).SelectMany(mixture => Routers(mixture).Select(name => DenseModels.Read(mixture, name))).ToArray();

        Assert.Equal(3 * 4, all.Length);
        Assert.Equal(all.Length, all.Select(values => values[0]).Distinct().Count());
        Assert.Equal(one.ModelSha256, _models.Mix(sources).ModelSha256);
    }

    [Fact]
    public void The_receipt_names_the_sources_and_its_numbers_add_up()
    {
        MixSource[] sources = [_models.Publish("seed"), _models.Publish("law")];

        foreach (var spec in Specs.Values)
        {
            var mixture = _models.Mix(sources, spec);
            var receipt = Receipt(mixture);

            Assert.Equal(
                sources.Select(source => new MixedExpert(source.Name, source.Checkpoint.Folder, source.Checkpoint.ModelSha256)),
                receipt.Experts);
            Assert.Equal(TensorLayout.Parameters(mixture.Config), receipt.Copied + receipt.Averaged + receipt.Initialised);
            Assert.Equal(Routers(mixture).Sum(name => DenseModels.Read(mixture, name).Length), receipt.Initialised);
            Assert.Equal(0.3, receipt.RouterStd);
            Assert.Empty(receipt.Warnings);
        }
    }

    [Fact]
    public void Twins_are_warned_of()
    {
        var receipt = Receipt(_models.Mix([_models.Publish("seed"), _models.Publish("law"), _models.Publish("seed")]));

        Assert.Equal("seed and seed have the same weights", Assert.Single(receipt.Warnings));
    }

    [Theory, MemberData(nameof(Misfits))]
    public void Models_that_differ_are_refused_in_one_line_that_names_both_and_the_key(string difference)
    {
        MixSource[] sources = [_models.Publish("seed"), _models.Publish("law", Others[difference])];

        var failure = Assert.Throws<MixException>(() => _models.Mix(sources));

        Assert.StartsWith($"'law' does not fit 'seed': {difference}; ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public void A_mixture_cannot_be_a_source()
    {
        var mixture = new MixSource("bam", _models.Mix([_models.Publish("a"), _models.Publish("b")]));

        var failure = Assert.Throws<MixException>(() => _models.Mix([mixture, mixture]));

        Assert.Contains("'bam'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("only dense models can be mixed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_sources_there_is_no_mixture() => Assert.Throws<MixException>(() => _models.Mix([]));

    private static IEnumerable<string> Routers(Checkpoint mixture) =>
        TensorLayout.Of(mixture.Config).Select(tensor => tensor.Name)
            .Where(name => name.EndsWith("router.weight", StringComparison.Ordinal));

    private static MixReceipt Receipt(Checkpoint mixture) =>
        CheckpointJson.Read<MixReceipt>(Path.Combine(mixture.Folder, Mixer.ReceiptFile));

    // In whole multiples of 2^-149, the smallest float, every sum is exact.
    private static void AssertNearestToMean(float[] values, float mean)
    {
        static BigInteger Exact(double value) => (BigInteger)(value * Math.ScaleB(1, 149));
        var sum = values.Aggregate(BigInteger.Zero, (total, value) => total + Exact(value));
        var error = BigInteger.Abs(sum - values.Length * Exact(mean));
        var unit = Exact(Math.Max((double)float.BitIncrement(mean) - mean, (double)mean - float.BitDecrement(mean)));
        Assert.True(2 * error <= values.Length * unit, $"{mean} is not the float next to the mean of {string.Join(", ", values)}");
    }
}
