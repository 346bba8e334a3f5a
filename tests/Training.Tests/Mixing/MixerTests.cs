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
        ["top-1 attention"] = DenseModels.Spec with { Attention = AttentionMode.Top1 },
        ["top-2 attention, KV shared"] = DenseModels.Spec with { Attention = AttentionMode.Top2, Kv = KvMode.Shared },
        ["BTX"] = DenseModels.Spec with { Attention = AttentionMode.Averaged },
        ["the seed's attention"] = DenseModels.Spec with { Attention = AttentionMode.Seed },
    };

    private readonly DenseModels _models = new();

    public static TheoryData<string, string> Copied => new()
    {
        { "KV experts", "attention.q attention.k attention.v attention.o ffn.gate ffn.up ffn.down" },
        { "KV shared", "attention.q attention.o ffn.gate ffn.up ffn.down" },
        { "top-1 attention", "attention.q attention.k attention.v attention.o ffn.gate ffn.up ffn.down" },
        { "top-2 attention, KV shared", "attention.q attention.o ffn.gate ffn.up ffn.down" },
        { "BTX", "ffn.gate ffn.up ffn.down" },
        { "the seed's attention", "ffn.gate ffn.up ffn.down" },
    };

    public static TheoryData<string, string> Means => new()
    {
        { "KV experts", "blocks.1.norm.weight" },
        { "KV shared", "blocks.1.norm.weight blocks.0.attention.k.weight blocks.1.attention.v.weight" },
        { "top-1 attention", "blocks.1.norm.weight" },
        { "top-2 attention, KV shared", "blocks.1.norm.weight blocks.0.attention.k.weight blocks.1.attention.v.weight" },
        { "BTX", "blocks.1.norm.weight blocks.0.attention.q.weight blocks.1.attention.k.weight blocks.1.attention.o.weight" },
        { "the seed's attention", "blocks.1.norm.weight" },
    };

    public static TheoryData<string> Modes => [.. Specs.Keys];

    public static MatrixTheoryData<int, string> CountsAndTypes => new(Enumerable.Range(1, 8), ["F32", "BF16", "F16"]);

    public void Dispose() => _models.Dispose();

    [Theory, MemberData(nameof(Copied))]
    public void S3_experts_are_bit_identical_to_their_sources_in_the_order_listed(string mode, string parts)
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("a"), _models.Publish("b"), _models.Publish("c")];
        MixSource[] experts = [models[3], models[1], models[0]];

        var mixture = _models.Mix(models, Specs[mode] with { Experts = ["c", "a", "seed"] });

        Assert.Equal(["c", "a", "seed"], mixture.Config.ExpertNames!);
        foreach (var part in parts.Split(' '))
        {
            for (var layer = 0; layer < 2; layer++)
            {
                var (room, name) = part.Split('.') is [var first, var second] ? (first, second) : default;
                var stacked = DenseModels.Read(mixture, $"blocks.{layer}.{room}.experts.{name}");
                Assert.Equal(experts.SelectMany(expert => DenseModels.Read(expert.Checkpoint, $"blocks.{layer}.{part}.weight")), stacked);
            }
        }
    }

    [Theory, MemberData(nameof(Means))]
    public void S4_everything_else_is_the_mean_of_all_experts_rounded_once(string mode, string tensors)
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("a"), _models.Publish("b"), _models.Publish("not listed")];

        var mixture = _models.Mix(models, Specs[mode] with { Experts = ["a", "seed", "b"] });

        foreach (var tensor in tensors.Split(' ').Append("embed.weight").Append("norm.weight"))
            AssertMean(mixture, tensor, models[..3]);
    }

    [Theory, MemberData(nameof(CountsAndTypes))]
    public void S4_the_mean_of_identical_tensors_is_that_tensor_bit_by_bit(int count, string type)
    {
        var config = Shapes.Dense with { Tied = false };
        MixSource[] models = [.. Enumerable.Range(0, count).Select(i => _models.Publish($"{i}", config, like: "one", type: type))];

        var mixture = _models.Mix(models, Specs["BTX"]);

        foreach (var tensor in new[] { "embed.weight", "head.weight", "norm.weight", "blocks.0.norm.weight", "blocks.1.attention.q.weight" })
            Assert.Equal(DenseModels.Read(models[0].Checkpoint, tensor), DenseModels.Read(mixture, tensor));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void S4_a_running_sum_of_parts_in_float32_would_not_be_that_tensor(int count)
    {
        var values = DenseModels.Read(_models.Publish("one").Checkpoint, "embed.weight");

        var changed = values.Count(value => Enumerable.Repeat(value / count, count).Aggregate((sum, part) => sum + part) != value);

        Assert.True(changed > values.Length / 10, $"{changed} of {values.Length}");
    }

    [Fact]
    public void A_name_listed_twice_is_two_experts_and_counts_twice_in_the_mean()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law")];

        var mixture = _models.Mix(models, Specs["BTX"] with { Experts = ["seed", "law", "seed"] });

        Assert.Equal(3, mixture.Config.Experts);
        AssertMean(mixture, "embed.weight", [models[0], models[1], models[0]]);
        AssertMean(mixture, "blocks.0.attention.v.weight", [models[0], models[1], models[0]]);
        var (seed, law) = (DenseModels.Read(models[0].Checkpoint, "blocks.1.ffn.up.weight"), DenseModels.Read(models[1].Checkpoint, "blocks.1.ffn.up.weight"));
        Assert.Equal([.. seed, .. law, .. seed], DenseModels.Read(mixture, "blocks.1.ffn.experts.up"));
    }

    [Fact]
    public void Without_a_list_every_model_is_an_expert_in_the_order_given()
    {
        var mixture = _models.Mix([_models.Publish("c"), _models.Publish("a")]);

        Assert.Equal(["c", "a"], mixture.Config.ExpertNames!);
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("seed", "b")]
    public void The_seeds_attention_is_the_seeds_own_whether_it_is_an_expert_or_not(string first, string second)
    {
        MixSource[] models = [_models.Publish("a"), _models.Publish("b"), _models.Publish("seed")];

        var mixture = _models.Mix(models, Specs["the seed's attention"] with { Experts = [first, second] });

        foreach (var tensor in TensorLayout.Of(mixture.Config).Where(tensor => tensor.Group == TensorGroup.Attention))
            Assert.Equal(DenseModels.Read(models[2].Checkpoint, tensor.Name), DenseModels.Read(mixture, tensor.Name));
        AssertMean(mixture, "embed.weight", [.. models.Where(model => model.Name == first || model.Name == second)]);
        Assert.DoesNotContain(TensorLayout.Of(mixture.Config), tensor => tensor.Group == TensorGroup.AttentionRouter);
    }

    [Fact]
    public void A_dense_rival_is_the_one_model_it_names()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law")];

        var dense = _models.Mix(models, new MixtureSpec { Name = "dense", Steps = 1, Kind = MixtureKind.Dense, Experts = ["law"] });

        Assert.Equal(models[1].Checkpoint.Config, dense.Config);
        Assert.Equal(models[1].Checkpoint.ModelSha256, dense.ModelSha256);
        Assert.NotEqual(models[0].Checkpoint.ModelSha256, dense.ModelSha256);
    }

    [Fact]
    public void An_ensemble_is_never_mixed() => Assert.Throws<ArgumentException>(
        () => _models.Mix([_models.Publish("seed"), _models.Publish("law")], DenseModels.Spec with { Kind = MixtureKind.Ensemble }));

    [Theory, MemberData(nameof(Modes))]
    public void The_same_sources_and_seed_give_the_same_bytes(string mode)
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law")];
        var spec = Specs[mode] with { FfnReinitialise = 0.25 };

        var (one, two) = (_models.Mix(models, spec), _models.Mix(models, spec));

        Assert.NotEqual(one.Folder, two.Folder);
        Assert.Equal(["config.json", "model.safetensors", "receipt.json"], one.Manifest.Files.Keys.Order(StringComparer.Ordinal));
        Assert.All(one.Manifest.Files.Keys, name =>
            Assert.Equal(File.ReadAllBytes(Path.Combine(one.Folder, name)), File.ReadAllBytes(Path.Combine(two.Folder, name))));
    }

    [Theory, MemberData(nameof(Modes))]
    public void The_size_of_the_parts_that_are_in_memory_changes_nothing(string mode)
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law"), _models.Publish("code")];
        var spec = Specs[mode] with { FfnReinitialise = 0.25 };
        var mixture = _models.Mix(models, spec, seed: 5);
        using var sources = new MixSources(models, spec);

        foreach (var part in new[] { 2, 34, 600 })
        {
            var tensors = new MixedTensors(mixture.Config, spec, seed: 5, sources, part);
            foreach (var tensor in TensorLayout.Of(mixture.Config))
            {
                var (values, largest) = (new List<float>(), 0);
                tensors.Write(tensor, span =>
                {
                    values.AddRange(span);
                    largest = Math.Max(largest, span.Length);
                });
                Assert.Equal(DenseModels.Read(mixture, tensor.Name), values);
                Assert.InRange(largest, 1, part);
            }
        }
    }

    [Fact]
    public void A_mix_that_is_cancelled_leaves_nothing_behind()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law")];

        Assert.ThrowsAny<OperationCanceledException>(() => _models.Mix(models, cancellation: new CancellationToken(canceled: true)));

        Assert.Empty(_models.MixtureFiles);
        _models.Mix(models);
        Assert.NotEmpty(_models.MixtureFiles);
    }

    [Fact]
    public void The_tokenizers_file_goes_with_the_mixture()
    {
        var mixture = _models.Mix([_models.Publish("seed", tokenizer: "ranks"), _models.Publish("law", tokenizer: "ranks")]);

        Assert.Equal("ranks", File.ReadAllText(Path.Combine(mixture.Folder, "tokenizer.tiktoken")));
        Assert.NotNull(MemberStore.Verify(mixture.Folder).Sound);
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

    private static IEnumerable<string> Routers(Checkpoint mixture) =>
        TensorLayout.Of(mixture.Config).Select(tensor => tensor.Name)
            .Where(name => name.EndsWith("router.weight", StringComparison.Ordinal));

    private static void AssertMean(Checkpoint mixture, string tensor, MixSource[] sources)
    {
        var parts = sources.Select(source => DenseModels.Read(source.Checkpoint, tensor)).ToArray();
        var mean = DenseModels.Read(mixture, tensor);
        Assert.All(Enumerable.Range(0, mean.Length), i => AssertNearestToMean([.. parts.Select(part => part[i])], mean[i]));
    }

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
