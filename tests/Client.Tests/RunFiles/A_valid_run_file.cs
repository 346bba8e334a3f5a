using Bam.Client.RunFiles;
using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Client.Tests.RunFiles;

public sealed class A_valid_run_file : IDisposable
{
    private const string Btx = "attention: averaged, ffn_top_k: 1, steps: 300";
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Becomes_the_specification_that_it_states()
    {
        var spec = _folder.Read(RunFolder.Valid);

        Assert.Equal(("four-domains", 7L, "bytes", true), (spec.Name, spec.Seed, spec.Tokenizer, spec.IncludeSeedAsExpert));
        Assert.Equal(Presets.All["small"], spec.Model);
        Assert.Equal(new CheckpointSpec(100, 3), spec.Checkpoints);
        Assert.Equal(new EvaluationSpec(100, 65_536), spec.Evaluate);
        Assert.Equal(new LimitsSpec(), spec.Limits);
        Assert.Equal(["law", "code"], spec.Branches.Select(branch => branch.Name));
        Assert.Equal([(AttentionMode.Soft, KvMode.Experts), (AttentionMode.Soft, KvMode.Shared), (AttentionMode.Averaged, KvMode.Experts)],
            spec.Mixtures.Select(mixture => (mixture.Attention, mixture.Kv)));
    }

    [Fact]
    public void Gives_limits_to_what_makes_no_progress() =>
        Assert.Equal(new LimitsSpec(Setup: 900, Step: 2.5), _folder.Read("seed: 7", "limits: { setup: 900, step: 2.5 }").Limits);

    [Fact]
    public void Names_its_files_relative_to_its_own_folder()
    {
        var code = _folder.Read(RunFolder.Valid).Domains.Single(domain => domain.Name == "code");

        string[] expected = ["data/code.train.jsonl", "data/more/a.txt", "data/more/b.txt"];
        Assert.Equal(expected.Select(file => Path.Combine(_folder.Folder, file)), code.Train);
        Assert.Empty(code.Validation);
    }

    [Fact]
    public void Has_shares_that_sum_to_one()
    {
        var spec = _folder.Read(RunFolder.Valid);

        Assert.Equal([new("code", 0.9), new("general", 0.1)], spec.Branches[1].Domains);
        Assert.Equal([0.25, 0.25, 0.5], spec.Mixtures[0].Data.Select(share => share.Share));
    }

    [Fact]
    public void Mixes_all_domains_alike_when_it_does_not_say() =>
        Assert.Equal([1 / 3.0, 1 / 3.0, 1 / 3.0], _folder.Read("mixture_data: { general: 1, law: 1, code: 2 }", "").Mixtures[0].Data.Select(share => share.Share));

    [Fact]
    public void Hands_training_defaults_down_and_lets_a_member_override_them()
    {
        var spec = _folder.Read(RunFolder.Valid);

        Assert.Equal((16, Precision.BFloat16, 1e-3), (spec.Branches[0].Train.Batch, spec.Branches[0].Train.Precision, spec.Branches[0].Train.LearningRate));
        Assert.Equal((8, Precision.Float32, 1e-3), (spec.Mixtures[1].Train.Batch, spec.Mixtures[1].Train.Precision, spec.Mixtures[1].Train.LearningRate));
    }

    [Fact]
    public void Turns_tokens_into_the_steps_that_cover_them()
    {
        var steps = _folder.Read(RunFolder.Valid).Branches[1].Steps;

        const long TokensPerStep = 16 * 256;
        Assert.InRange(4_000_000, ((steps - 1) * TokensPerStep) + 1, steps * TokensPerStep);
    }

    [Fact]
    public void Turns_flops_into_the_steps_that_cover_them()
    {
        var spec = _folder.Read(RunFolder.Valid);
        var mixture = ModelConfig.Dense(spec.Model, "bytes", 257).Mixture(spec.Mixtures[1]);

        var perStep = FlopCount.Training(mixture) * 8.0 * 256;
        Assert.InRange(1e15, (spec.Mixtures[1].Steps - 1) * perStep, spec.Mixtures[1].Steps * perStep);
    }

    [Theory]
    [InlineData("steps: 1_000", 1000)]
    [InlineData("steps: 2K", 2000)]
    [InlineData("steps: 1.5K", 1500)]
    [InlineData("steps: 1e3", 1000)]
    [InlineData("tokens: 4_096", 1)]
    [InlineData("tokens: 4097", 2)]
    public void Counts_as_people_write_numbers(string length, int steps) =>
        Assert.Equal(steps, _folder.Read("steps: 400", length).SeedModel.Steps);

    [Theory]
    [InlineData("tiny", 4, 128)]
    [InlineData("small", 6, 256)]
    [InlineData("paper-590m", 6, 1024)]
    [InlineData("{ preset: paper-2b, layers: 2 }", 2, 2304)]
    [InlineData("{ preset: tiny, width: 64 }", 4, 64)]
    public void May_name_a_preset_and_override_it(string model, int layers, int width)
    {
        var shape = _folder.Read(WithModel(model)).Model;

        Assert.Equal((layers, width), (shape.Layers, shape.Width));
    }

    [Fact]
    public void May_use_anchors() =>
        Assert.Equal(400, _folder.Read(RunFolder.Valid
            .Replace("steps: 400", "steps: &length 400", StringComparison.Ordinal)
            .Replace("tokens: 4M", "steps: *length", StringComparison.Ordinal)).Branches[1].Steps);

    [Fact]
    public void May_start_from_a_checkpoint_of_the_same_shape()
    {
        _folder.SeedCheckpoint();

        var seed = _folder.Read("seed_model: { domains: { general: 1 }, steps: 400 }", "seed_model: { checkpoint: seed }").SeedModel;

        Assert.Equal(Path.Combine(_folder.Folder, "seed"), seed.Checkpoint);
    }

    [Fact]
    public void May_not_start_from_a_checkpoint_of_another_shape()
    {
        _folder.SeedCheckpoint(Presets.All["small"] with { Width = 512, Tied = false });

        Assert.Equal(
            ["16: seed_model.checkpoint: has another shape than model: width is 512 there and 256 here, tied is false there and true here"],
            _folder.Problems(folder => folder.Read("seed_model: { domains: { general: 1 }, steps: 400 }", "seed_model: { checkpoint: seed }")));
    }

    [Theory]
    [InlineData("soft", AttentionMode.Soft)]
    [InlineData("top_1", AttentionMode.Top1)]
    [InlineData("top_2", AttentionMode.Top2)]
    [InlineData("averaged", AttentionMode.Averaged)]
    [InlineData("seed", AttentionMode.Seed)]
    public void Has_every_kind_of_attention(string word, AttentionMode mode) =>
        Assert.Equal(mode, Mixture($"attention: {word}, steps: 1").Attention);

    [Fact]
    public void Says_everything_about_a_mixture()
    {
        var mixture = Mixture(
            "experts: [law, seed, law], attention: top_2, attention_renormalise: true, kv: shared, ffn_top_k: soft, ffn_renormalise: true, " +
            "router_init: random, router_std: 0.5, rescale_ffn: true, ffn_reinitialise: 0.25, frozen: all_but_routers, frozen_steps: 4, steps: 9");

        Assert.Equal(["law", "seed", "law"], mixture.Experts);
        var expected = new MixtureSpec
        {
            Name = "btx",
            Steps = 9,
            Experts = mixture.Experts,
            Data = mixture.Data,
            Train = mixture.Train,
            Attention = AttentionMode.Top2,
            AttentionRenormalise = true,
            Kv = KvMode.Shared,
            FfnTopK = 3,
            FfnRenormalise = true,
            RouterStd = 0.5,
            RescaleFfn = true,
            FfnReinitialise = 0.25,
            Frozen = FrozenParts.AllButRouters,
            FrozenSteps = 4,
        };
        Assert.Equal(expected, mixture);
    }

    [Fact]
    public void Has_the_papers_mixture_when_it_does_not_say()
    {
        var mixture = Mixture("steps: 9");

        Assert.Equal(["seed", "law", "code"], mixture.Experts);
        Assert.Equal(new MixtureSpec { Name = "btx", Steps = 9, Experts = mixture.Experts, Data = mixture.Data, Train = mixture.Train }, mixture);
    }

    [Fact]
    public void Leaves_the_seed_model_out_when_told() =>
        Assert.Equal(["law", "code"], _folder.Read("include_seed_as_expert: true", "include_seed_as_expert: false").Mixtures[0].Experts);

    [Fact]
    public void May_begin_its_routers_with_a_regression()
    {
        var mixture = Mixture("router_init: ridge, router_scale: 2.5, experts: [seed, law], steps: 1");

        Assert.Equal((RouterInit.Ridge, 2.5), (mixture.RouterInit, mixture.RouterScale));
    }

    [Fact]
    public void May_begin_with_a_regression_from_a_checkpoint_that_has_the_domain_left_over()
    {
        _folder.SeedCheckpoint();

        var spec = _folder.Read(RunFolder.Valid
            .Replace("seed_model: { domains: { general: 1 }, steps: 400 }", "seed_model: { checkpoint: seed }", StringComparison.Ordinal)
            .Replace(Btx, "router_init: ridge, steps: 1", StringComparison.Ordinal));

        Assert.Equal("general", ExpertDomains.Of(spec, "seed"));
    }

    [Fact]
    public void Freezes_for_the_whole_length_when_it_does_not_say() =>
        Assert.Equal((FrozenParts.Experts, 9), (Mixture("frozen: experts, steps: 9").Frozen, Mixture("frozen: experts, steps: 9").FrozenSteps));

    [Fact]
    public void May_have_a_dense_rival()
    {
        var rival = Mixture("dense: law, tokens: 8_192");

        Assert.Equal((MixtureKind.Dense, 2, 0.25), (rival.Kind, rival.Steps, rival.Data[0].Share));
        Assert.Equal(["law"], rival.Experts);
    }

    [Theory]
    [InlineData("ensemble: true", "seed law code")]
    [InlineData("ensemble: true, experts: [law, code]", "law code")]
    public void May_have_an_ensemble(string options, string experts)
    {
        var ensemble = Mixture(options);

        Assert.Equal((MixtureKind.Ensemble, 0), (ensemble.Kind, ensemble.Steps));
        Assert.Equal(experts.Split(' '), ensemble.Experts);
    }

    [Theory]
    [InlineData("match: data", 300)]
    [InlineData("match: data, against: bam", 300)]
    [InlineData("match: data, train: { batch: 7 }", 686)]   // 300 · 16 / 7 = 685.7
    [InlineData("match: data, dense: law", 300)]
    [InlineData("match: data, train: { batch: 1M }", 1)]
    public void May_train_on_as_many_tokens_as_another(string options, int steps) => Assert.Equal(steps, Mixture(options).Steps);

    [Theory]
    [InlineData("attention: averaged")]
    [InlineData("attention: averaged, train: { batch: 4 }")]
    [InlineData("dense: seed")]
    [InlineData("kv: shared, ffn_top_k: soft")]
    [InlineData("frozen: experts")]
    [InlineData("frozen: all_but_routers, frozen_steps: 20")]
    public void May_train_for_as_many_flops_as_another_to_the_nearest_step(string options)
    {
        var spec = _folder.Read(Btx, $"{options}, match: compute, against: bam");
        var dense = ModelConfig.Dense(spec.Model, "bytes", 257);
        double Flops(MixtureSpec mixture, int steps) => Enumerable.Range(0, steps)
            .Sum(step => (double)mixture.Train.Batch * 256 * FlopCount.Training(dense.Mixture(mixture), step < mixture.FrozenSteps ? mixture.Frozen : FrozenParts.None));

        var (bam, rival) = (spec.Mixtures[0], spec.Mixtures[2]);
        var budget = Flops(bam, bam.Steps);

        // A step more or less is farther away.
        var whole = rival with { FrozenSteps = rival.FrozenSteps == rival.Steps ? int.MaxValue : rival.FrozenSteps };
        double Miss(int steps) => Math.Abs(Flops(whole, steps) - budget);
        Assert.True(Miss(rival.Steps) <= Miss(rival.Steps - 1) && Miss(rival.Steps) <= Miss(rival.Steps + 1), $"{rival.Steps} steps");
        Assert.NotEqual(bam.Steps, rival.Steps);
    }

    [Fact]
    public void Matches_the_first_mixture_with_a_length_whatever_the_order()
    {
        var spec = _folder.Read(RunFolder.Valid.Replace("kv: experts, ffn_top_k: 1, steps: 300", "match: data", StringComparison.Ordinal)
            .Replace("attention: soft, kv: shared,  ffn_top_k: 2, flops: 1e15, train: { batch: 8, precision: fp32 }", "ensemble: true", StringComparison.Ordinal)
            .Replace("ffn_top_k: 1, steps: 300", "steps: 123", StringComparison.Ordinal));

        Assert.Equal([123, 0, 123], spec.Mixtures.Select(mixture => mixture.Steps));
    }

    [Theory]
    [InlineData("evaluate: { every: 100, tokens: 65536, stride: 128 }", 128)]
    [InlineData("evaluate: { stride: 256 }", 256)]
    [InlineData("", 0)]
    public void May_evaluate_with_overlap(string evaluate, int stride) =>
        Assert.Equal(stride, _folder.Read("evaluate: { every: 100, tokens: 65536 }", evaluate).Evaluate.Stride);

    private MixtureSpec Mixture(string options) => _folder.Read(Btx, options).Mixtures[2];

    private static string WithModel(string model)
    {
        var start = RunFolder.Valid.IndexOf("model:", StringComparison.Ordinal);
        return RunFolder.Valid[..start] + $"model: {model}\n" + RunFolder.Valid[RunFolder.Valid.IndexOf("domains:", StringComparison.Ordinal)..];
    }
}
