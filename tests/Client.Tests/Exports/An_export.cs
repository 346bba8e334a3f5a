using Bam.Client.Tests.RunFiles;
using Bam.Client.Tests.Verbs;
using Bam.Client.Tests.Views;
using Bam.Training.Model;

namespace Bam.Client.Tests.Exports;

public sealed class An_export : IDisposable
{
    private readonly RunFolder _folder = new();
    private readonly FakeCluster _cluster = new();

    public An_export()
    {
        _folder.SeedCheckpoint();
        _cluster.Add(Statuses.Branching with
        {
            Members = [Statuses.Branching.Members[0] with { CheckpointFolder = Seed }, .. Statuses.Branching.Members.Skip(1)],
        });
    }

    private string Seed => Path.Combine(_folder.Folder, "seed");

    private string Target => Path.Combine(_folder.Folder, "out", "model");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("FOLDER")]
    [InlineData("four/seed")]
    public async Task Is_the_model_to_the_last_byte_without_what_only_training_needs(string model)
    {
        foreach (var file in new[] { "tokenizer.tiktoken", "receipt.json", "optimizer.safetensors", "state.json" })
            await File.WriteAllTextAsync(Path.Combine(Seed, file), file, TestContext.Current.CancellationToken);

        var run = await Export(model.Replace("FOLDER", Seed, StringComparison.Ordinal));

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        string[] expected = ["config.json", "model.safetensors", "receipt.json", "tokenizer.tiktoken"];
        Assert.Equal(expected, Directory.GetFileSystemEntries(Target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(expected, file => Assert.Equal(File.ReadAllBytes(Path.Combine(Seed, file)), File.ReadAllBytes(Path.Combine(Target, file))));
        Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(Target)!));
    }

    [Fact]
    public async Task May_go_into_an_empty_folder_and_into_no_other()
    {
        Directory.CreateDirectory(Target);
        Assert.Equal(0, (await Export(Seed)).ExitCode);

        Assert.Equal(new(2, "", $"--out: {Target} is not empty; give another folder, or empty this one\n"), await Export(Seed));
        Assert.Equal(2, Directory.GetFiles(Target).Length);
    }

    [Fact]
    public async Task May_not_go_onto_a_file()
    {
        var run = await Export(Seed, Path.Combine(Seed, "config.json"));

        Assert.Equal(new(2, "", $"--out: {Seed}/config.json is a file; give a folder that does not exist yet\n"), run);
    }

    [Fact]
    public async Task Of_a_damaged_model_leaves_nothing()
    {
        var tensor = TensorLayout.Of(ModelConfig.Dense(Client.RunFiles.Presets.All["small"], "bytes", 257))[0];
        var config = await File.ReadAllTextAsync(Path.Combine(Seed, "config.json"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(Seed, "config.json"), config.Replace("\"vocab\": 320", "\"vocab\": 384", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var run = await Export(Seed);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"tensor '{tensor.Name}' is [320, 256], config.json asks for [384, 256]", run.Error, StringComparison.Ordinal);
        Assert.False(Path.Exists(Path.GetDirectoryName(Target)));
    }

    [Theory]
    [InlineData("four/law", 1, "'law' of four has no checkpoint yet\n")]
    [InlineData("four/lwa", 2, "four has no model 'lwa'; did you mean 'law'? (models: seed, law, bam)\n")]
    public async Task Needs_a_model(string model, int exitCode, string error) => Assert.Equal(new(exitCode, "", error), await Export(model));

    [Fact]
    public async Task Is_not_in_the_form_of_hugging_face_yet() =>
        Assert.Equal(new(2, "", "--format: hf is not there yet; safetensors is\n"), await Run("export", Seed, "--out", Target, "--format", "hf"));

    private Task<ConsoleRun> Export(string model, string? target = null) => Run("export", model, "--out", target ?? Target);

    private Task<ConsoleRun> Run(params string[] arguments) =>
        ConsoleRun.Of(_cluster, cancellation: TestContext.Current.CancellationToken, arguments: arguments);
}
