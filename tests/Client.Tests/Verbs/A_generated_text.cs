using System.Text.Json;
using Bam.Client.Tests.RunFiles;
using Bam.Client.Tests.Views;
using Bam.Client.Verbs;
using Bam.Contracts.Runs;
using Bam.Training.Data;
using Bam.Training.Generation;

namespace Bam.Client.Tests.Verbs;

public sealed class A_generated_text : IDisposable
{
    private readonly RunFolder _folder = new();
    private readonly FakeCluster _cluster = new();

    public A_generated_text() => _folder.SeedCheckpoint(
        new ModelSpec { Layers = 1, Width = 16, Heads = 2, KvHeads = 2, Ffn = 16, Context = 8 });

    private string Seed => Path.Combine(_folder.Folder, "seed");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Follows_its_prompt_and_says_on_the_error_stream_why_it_stopped() => Assert.Equal(
        new(0, "Once 64 0.8 0 0\n\n 64 0.8 0 0\n", "stopped: length (7 tokens)\nstopped: end_of_document (7 tokens)\n"),
        await Run("generate", Seed, "Once", ""));

    [Fact]
    public async Task Is_made_as_the_options_say() => Assert.Equal(
        "-x 5 0 3 -9\n", (await Run("generate", "--tokens", "5", "--temperature", "0", "--top-k", "3", "--seed", "-9", Seed, "--", "-x")).Output);

    [Fact]
    public async Task Is_a_list_in_json()
    {
        var texts = JsonDocument.Parse((await Run("generate", Seed, "Once", "", "--json")).Output).RootElement;

        Assert.Equal(["prompt", "text", "tokens", "stopped"], texts[0].EnumerateObject().Select(property => property.Name));
        Assert.Equal(["length", "end_of_document"], texts.EnumerateArray().Select(text => text.GetProperty("stopped").GetString()));
        Assert.Equal(("Once", 7), (texts[0].GetProperty("prompt").GetString(), texts[0].GetProperty("tokens").GetInt32()));
    }

    [Fact]
    public async Task Can_come_from_a_models_newest_checkpoint_in_a_run()
    {
        _cluster.Add(Statuses.Branching with
        {
            Members = [Statuses.Branching.Members[0] with { CheckpointFolder = Seed }, .. Statuses.Branching.Members.Skip(1)],
        });

        Assert.Equal("a 64 0.8 0 0\n", (await Run("generate", "four/seed", "a")).Output);
        Assert.Equal(new(1, "", "'law' of four has no checkpoint yet\n"), await Run("generate", "four/law", "a"));
        Assert.Equal(2, (await Run("generate", "four/lwa", "a")).ExitCode);
    }

    [Fact]
    public void Is_what_the_engine_makes_of_the_folder()
    {
        // All weights are zero: every token is as likely, and the first of them, the byte 0, is taken until the context of 8 is full.
        var text = Assert.Single(new EngineGeneration().Generate(Seed, ["abc"], new() { Temperature = 0 }, TestContext.Current.CancellationToken));

        Assert.Equal(new("abc", "\0\0\0\0\0", 5, TextEnd.Context), text);
    }

    [Fact]
    public void Needs_a_prompt_that_leaves_room() => Assert.Contains(
        "prompt 1 has 8 tokens; the model's context of 8 leaves room for at most 7",
        Assert.Throws<DataException>(() => new EngineGeneration().Generate(Seed, ["12345678"], new(), TestContext.Current.CancellationToken)).Message,
        StringComparison.Ordinal);

    private Task<ConsoleRun> Run(params string[] arguments) =>
        ConsoleRun.Of(_cluster, cancellation: TestContext.Current.CancellationToken, arguments: arguments);
}
