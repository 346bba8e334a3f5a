using System.Text.Json;
using Bam.Contracts.Runs;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Tests.Model;

namespace Bam.Training.Tests.Mixing;

public sealed class MixSourcesTests : IDisposable
{
    private static readonly Dictionary<string, ModelConfig> Others = new()
    {
        ["layers is 3, not 2"] = Shapes.Dense with { Layers = 3 },
        ["width is 48, not 32"] = Shapes.Dense with { Width = 48 },
        ["heads is 2, not 4"] = Shapes.Dense with { Heads = 2 },
        ["kv_heads is 4, not 2"] = Shapes.Dense with { KvHeads = 4 },
        ["ffn is 32, not 24"] = Shapes.Dense with { Ffn = 32 },
        ["context is 32, not 16"] = Shapes.Dense with { Context = 32 },
        ["vocab is 128, not 64"] = Shapes.Dense with { Vocab = 128 },
        ["tied is False, not True"] = Shapes.Dense with { Tied = false },
        ["norm is RmsNorm, not LayerNorm"] = Shapes.Dense with { Norm = NormKind.RmsNorm },
        ["norm_eps is 1E-06, not 1E-05"] = Shapes.Dense with { NormEps = 1e-6 },
        ["rope_theta is 500000, not 10000"] = Shapes.Dense with { RopeTheta = 500_000 },
        ["rope_interleaved is False, not True"] = Shapes.Dense with { RopeInterleaved = false },
        ["tokenizer is cl100k_base:64, not bytes"] = Shapes.Dense with { Tokenizer = "cl100k_base:64" },
    };

    private readonly DenseModels _models = new();

    public static TheoryData<string> Misfits => [.. Others.Keys];

    public void Dispose() => _models.Dispose();

    [Theory, MemberData(nameof(Misfits))]
    public void C2_models_that_differ_are_refused_in_one_line_that_names_both_and_the_key(string difference)
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law", Others[difference])];

        var failure = Assert.Throws<MixException>(() => _models.Mix(models));

        Assert.StartsWith($"'law' does not fit 'seed': {difference}; ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public void C2_every_key_of_a_dense_models_configuration_is_one_that_must_agree()
    {
        string[] ofMixtures = ["architecture", "experts", "attention", "kv", "ffn_top_k", "ffn_renormalise", "attention_renormalise"];
        using var json = JsonDocument.Parse(Shapes.Dense.ToJson());

        var keys = json.RootElement.EnumerateObject().Select(property => property.Name).Except(ofMixtures);

        Assert.Equal(keys.Order(), Others.Keys.Select(difference => difference.Split(' ')[0]).Order());
    }

    [Fact]
    public void C2_a_seed_that_only_gives_its_attention_must_fit_too()
    {
        MixSource[] models = [_models.Publish("seed", Shapes.Dense with { RopeTheta = 500 }), _models.Publish("law"), _models.Publish("code")];

        var failure = Assert.Throws<MixException>(
            () => _models.Mix(models, DenseModels.Spec with { Attention = AttentionMode.Seed, Experts = ["law", "code"] }));

        Assert.StartsWith("'seed' does not fit 'law': rope_theta is 500, not 10000; ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void C2_tokenizers_of_one_name_and_different_files_are_refused()
    {
        MixSource[] models = [_models.Publish("seed", tokenizer: "ranks"), _models.Publish("law", tokenizer: "other ranks")];

        var failure = Assert.Throws<MixException>(() => _models.Mix(models));

        Assert.StartsWith("'law' does not fit 'seed': tokenizer.tiktoken is another file; ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_not_listed_need_not_fit()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law"), _models.Publish("code", Shapes.Dense with { Layers = 3 })];

        var mixture = _models.Mix(models, DenseModels.Spec with { Experts = ["seed", "law"] });

        Assert.Equal(["seed", "law"], mixture.Config.ExpertNames!);
    }

    [Fact]
    public void A_mixture_cannot_be_a_source()
    {
        var mixture = new MixSource("bam", _models.Mix([_models.Publish("a"), _models.Publish("b")]));

        var failure = Assert.Throws<MixException>(() => _models.Mix([_models.Publish("a"), mixture]));

        Assert.Equal($"'bam' ({mixture.Checkpoint.Folder}) is a mixture; only dense models can be mixed", failure.Message);
    }

    [Fact]
    public void An_expert_that_is_no_model_of_the_run_is_named_beside_those_that_are()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law")];

        var failure = Assert.Throws<MixException>(() => _models.Mix(models, DenseModels.Spec with { Experts = ["seed", "lwa"] }));

        Assert.Equal("mixture 'bam': expert 'lwa' is none of the dense models (seed, law)", failure.Message);
    }

    [Fact]
    public void The_seeds_attention_needs_a_seed()
    {
        MixSource[] models = [_models.Publish("law"), _models.Publish("code")];

        var failure = Assert.Throws<MixException>(() => _models.Mix(models, DenseModels.Spec with { Attention = AttentionMode.Seed }));

        Assert.Equal("mixture 'bam': the source of its attention 'seed' is none of the dense models (law, code)", failure.Message);
    }

    [Fact]
    public void A_dense_rival_of_two_models_is_refused()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law")];

        var failure = Assert.Throws<MixException>(() => _models.Mix(models, DenseModels.Spec with { Kind = MixtureKind.Dense }));

        Assert.Equal("'bam' is a dense model and cannot be made of 2: seed, law; name one", failure.Message);
    }

    [Fact]
    public void Without_models_there_is_no_mixture() => Assert.Throws<MixException>(() => _models.Mix([]));
}
