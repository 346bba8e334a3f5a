using System.Text.Json;
using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Model;

namespace Bam.Training.Tests.Mixing;

public sealed class MixReceiptTests : IDisposable
{
    private static readonly Dictionary<string, MixtureSpec> Specs = new()
    {
        ["KV experts"] = DenseModels.Spec,
        ["KV shared"] = DenseModels.Spec with { Kv = KvMode.Shared },
        ["BTX"] = DenseModels.Spec with { Attention = AttentionMode.Averaged },
        ["the seed's attention"] = DenseModels.Spec with { Attention = AttentionMode.Seed },
        ["a quarter forgotten"] = DenseModels.Spec with { FfnReinitialise = 0.25 },
    };

    private readonly DenseModels _models = new();

    public static TheoryData<string> Modes => [.. Specs.Keys];

    public void Dispose() => _models.Dispose();

    [Fact]
    public void Experts_stand_in_their_order_with_folder_and_hash()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law"), _models.Publish("code")];

        var receipt = Receipt(_models.Mix(models, DenseModels.Spec with { Experts = ["law", "seed", "law"] }));

        Assert.Equal(["law", "seed", "law"], receipt.Experts.Select(expert => expert.Name));
        Assert.Equal([Hash(models[1]), Hash(models[0]), Hash(models[1])], receipt.Experts.Select(expert => expert.ModelSha256));
        Assert.Equal(
            [models[1].Checkpoint.Folder, models[0].Checkpoint.Folder, models[1].Checkpoint.Folder], receipt.Experts.Select(expert => expert.Folder));
        Assert.Empty(receipt.FurtherSources);
        Assert.Equal(0.3, receipt.RouterStd);
        Assert.Empty(receipt.Warnings);
        Assert.Null(receipt.Opening);
    }

    [Fact]
    public void A_seed_that_gives_its_attention_is_a_source_whether_it_is_an_expert_or_not()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law")];
        var spec = Specs["the seed's attention"];

        var further = Receipt(_models.Mix(models, spec with { Experts = ["law"] })).FurtherSources;

        Assert.Equal(new MixedSource("seed", models[0].Checkpoint.Folder, Hash(models[0])), Assert.Single(further));
        Assert.Empty(Receipt(_models.Mix(models, spec with { Experts = ["law", "seed"] })).FurtherSources);
    }

    /// <summary>Every value of the mixture is looked for where it should come from: three independent models share none by chance.</summary>
    [Theory, MemberData(nameof(Modes))]
    public void Its_numbers_are_those_of_the_values_in_the_file(string mode)
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law"), _models.Publish("code")];

        var mixture = _models.Mix(models, Specs[mode]);

        var receipt = Receipt(mixture);
        var known = models
            .SelectMany(model => TensorLayout.Of(model.Checkpoint.Config).SelectMany(tensor => DenseModels.Read(model.Checkpoint, tensor.Name)))
            .ToHashSet();
        var (copied, ffn) = (0L, 0L);
        foreach (var tensor in TensorLayout.Of(mixture.Config).Where(tensor => !IsRouter(tensor)))
        {
            var values = DenseModels.Read(mixture, tensor.Name);
            if (tensor.Group is TensorGroup.Attention or TensorGroup.Ffn)
                copied += values.Count(known.Contains);
            if (tensor.Group == TensorGroup.Ffn)
                ffn += values.Count(value => !known.Contains(value));
        }

        var routers = TensorLayout.Of(mixture.Config).Where(IsRouter).Sum(tensor => tensor.Count);
        Assert.InRange(receipt.Copied, copied - 20, copied + 20);              // a mean may hit a float that some model has
        Assert.InRange(receipt.Reinitialised, ffn - 20, ffn + 20);
        Assert.Equal(routers + receipt.Reinitialised, receipt.Initialised);
        Assert.Equal(TensorLayout.Parameters(mixture.Config), receipt.Copied + receipt.Averaged + receipt.Initialised);
    }

    [Fact]
    public void Its_numbers_are_those_of_a_count_by_hand()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law"), _models.Publish("code"), _models.Publish("math")];

        var receipt = Receipt(_models.Mix(models));

        // 2 layers of width 32, keys and values of half that width, FFNs of 24 hidden units, 64 tokens, tied.
        Assert.Equal(2 * 4 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 24 * 32), receipt.Copied);
        Assert.Equal(64 * 32 + 3 * 32, receipt.Averaged);
        Assert.Equal(2 * 2 * 4 * 32, receipt.Initialised);
        Assert.Equal(0, receipt.Reinitialised);
    }

    [Fact]
    public void A_dense_rival_has_a_receipt_of_copies_only()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law")];

        var dense = _models.Mix(models, DenseModels.Spec with { Kind = MixtureKind.Dense, Experts = ["law"], RouterStd = 0, FfnReinitialise = 0.5 });

        var receipt = Receipt(dense);
        Assert.Equal("law", Assert.Single(receipt.Experts).Name);
        Assert.Equal((TensorLayout.Parameters(dense.Config), 0, 0, 0), (receipt.Copied, receipt.Averaged, receipt.Initialised, receipt.Reinitialised));
        Assert.Empty(receipt.Warnings);
    }

    [Fact]
    public void G4_byte_identical_sources_are_named_in_a_warning()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law"), _models.Publish("code", like: "seed")];

        var warning = Assert.Single(Receipt(_models.Mix(models)).Warnings);

        Assert.StartsWith("seed and code have the same weights: ", warning, StringComparison.Ordinal);
        Assert.Empty(Receipt(_models.Mix(models, DenseModels.Spec with { Experts = ["law", "code", "law"] })).Warnings);
    }

    [Theory]
    [InlineData(1, AttentionMode.Soft, "every token goes to expert 0 at a tie")]
    [InlineData(2, AttentionMode.Soft, "every token goes to experts 0 to 1 at a tie")]
    [InlineData(3, AttentionMode.Soft, null)]
    [InlineData(3, AttentionMode.Top1, "every token goes to expert 0 at a tie")]
    [InlineData(3, AttentionMode.Averaged, null)]
    public void Routers_of_zeros_are_warned_of_where_they_would_have_to_choose(int topK, AttentionMode attention, string? expected)
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law"), _models.Publish("code")];
        var spec = DenseModels.Spec with { RouterStd = 0, FfnTopK = topK, Attention = attention };

        var warnings = Receipt(_models.Mix(models, spec)).Warnings;

        Assert.Equal(expected is null ? 0 : 1, warnings.Count);
        if (expected is not null)
            Assert.Contains(expected, warnings[0], StringComparison.Ordinal);
        Assert.Empty(Receipt(_models.Mix(models, spec with { RouterInit = RouterInit.Ridge })).Warnings);
    }

    [Fact]
    public void A_receipt_with_its_opening_comes_back_as_it_was()
    {
        var mixture = _models.Mix([_models.Publish("seed"), _models.Publish("law")]);
        var receipt = Receipt(mixture) with
        {
            Opening = new MixOpening
            {
                Losses = [new("general", 4096, 2.5, 3.25), new("law", 4096, 2, null)],
                FfnScales = [3.5, 4],
                Forced = [new("law", 1, 1.5, 1.5, 1e-6)],
            },
        };

        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At(MixReceipt.FileName), CheckpointJson.Write(receipt));
        var read = MixReceipt.Read(folder)!;

        Assert.Equal(CheckpointJson.Write(receipt), CheckpointJson.Write(read));
        Assert.Equal(receipt.Experts, read.Experts);
        Assert.Equal(receipt.Opening.Losses, read.Opening!.Losses);
        Assert.Equal(receipt.Opening.FfnScales, read.Opening.FfnScales);
        Assert.Equal(receipt.Opening.Forced, read.Opening.Forced);
    }

    [Fact]
    public void Its_keys_are_in_snake_case()
    {
        var mixture = _models.Mix([_models.Publish("seed"), _models.Publish("law")]);

        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(mixture.Folder, "receipt.json")));

        Assert.Equal(
            ["experts", "further_sources", "copied", "averaged", "initialised", "reinitialised", "router_std", "warnings", "opening"],
            json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal(["name", "folder", "model_sha256"], json.RootElement.GetProperty("experts")[0].EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public void A_checkpoint_without_a_receipt_has_none()
    {
        Assert.Null(MixReceipt.Read(_models.Publish("seed").Checkpoint.Folder));
    }

    private static MixReceipt Receipt(Checkpoint mixture) => MixReceipt.Read(mixture.Folder)!;

    private static string Hash(MixSource source) => DurableFile.Describe(Path.Combine(source.Checkpoint.Folder, "model.safetensors")).Sha256;

    private static bool IsRouter(TensorSpec tensor) => tensor.Group is TensorGroup.AttentionRouter or TensorGroup.FfnRouter;
}
