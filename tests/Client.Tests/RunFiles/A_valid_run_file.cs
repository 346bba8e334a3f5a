using System.Text.Json;
using Bam.Client.RunFiles;
using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Client.Tests.RunFiles;

public sealed class A_valid_run_file : IDisposable
{
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
        Assert.Equal(["law", "code"], spec.Branches.Select(branch => branch.Name));
        Assert.Equal([(AttentionMode.Soft, KvMode.Experts), (AttentionMode.Soft, KvMode.Shared), (AttentionMode.Averaged, KvMode.Experts)],
            spec.Mixtures.Select(mixture => (mixture.Attention, mixture.Kv)));
    }

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
        Checkpoint(ModelConfig.Dense(Presets.All["small"], "bytes", 257));

        var seed = _folder.Read("seed_model: { domains: { general: 1 }, steps: 400 }", "seed_model: { checkpoint: seed }").SeedModel;

        Assert.Equal(Path.Combine(_folder.Folder, "seed"), seed.Checkpoint);
    }

    [Fact]
    public void May_not_start_from_a_checkpoint_of_another_shape()
    {
        Checkpoint(ModelConfig.Dense(Presets.All["small"] with { Width = 512, Tied = false }, "bytes", 257));

        Assert.Equal(
            ["16: seed_model.checkpoint: has another shape than model: width is 512 there and 256 here, tied is false there and true here"],
            _folder.Problems(folder => folder.Read("seed_model: { domains: { general: 1 }, steps: 400 }", "seed_model: { checkpoint: seed }")));
    }

    private static string WithModel(string model)
    {
        var start = RunFolder.Valid.IndexOf("model:", StringComparison.Ordinal);
        return RunFolder.Valid[..start] + $"model: {model}\n" + RunFolder.Valid[RunFolder.Valid.IndexOf("domains:", StringComparison.Ordinal)..];
    }

    private void Checkpoint(ModelConfig config)
    {
        var seed = Directory.CreateDirectory(Path.Combine(_folder.Folder, "seed")).FullName;
        File.WriteAllText(Path.Combine(seed, "config.json"), config.ToJson());
        WriteZeros(Path.Combine(seed, "model.safetensors"), TensorLayout.Of(config));
    }

    /// <summary>A safetensors file of the right names and shapes, all zeros: its length, a JSON header, a hole.</summary>
    private static void WriteZeros(string path, IReadOnlyList<TensorSpec> tensors)
    {
        var end = 0L;
        var header = JsonSerializer.SerializeToUtf8Bytes(tensors.ToDictionary(
            tensor => tensor.Name, tensor => new { dtype = "F32", shape = tensor.Shape, data_offsets = new[] { end, end += tensor.Count * 4 } }));
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((ulong)header.Length));
        file.Write(header);
        file.SetLength(file.Length + end);
    }
}
