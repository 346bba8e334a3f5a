using System.Text;
using Bam.Training.Checkpoints;
using Bam.Training.Data;
using Bam.Training.Generation;
using Bam.Training.Model;
using Bam.Training.Randomness;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Generation;

public sealed class TextGeneratorTests : IDisposable
{
    private const int EndOfDocument = 256, Context = 16;

    private static readonly GenerationOptions Greedy = new() { Temperature = 0, Tokens = 40 };

    private static readonly string[] Prompts = ["a", "the quick fox", "", "of law", "zebra", "12345678901234", "€", "x y", "ten", "eleven"];

    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Kinds => ["dense", "BAM, KV experts", "BAM, KV sharing", "BTX", "BAM, top-2"];

    public void Dispose() => _scope.Dispose();

    [Theory, MemberData(nameof(Kinds))]
    public void The_most_likely_text_is_that_of_full_passes_without_a_cache(string kind)
    {
        using var parameters = Parameters(kind);
        using var model = new Transformer(parameters);

        var found = new TextGenerator(model).Generate(Prompts, Greedy, TestContext.Current.CancellationToken);

        Assert.Equal(Prompts.Select(prompt => Slow(model, prompt, Greedy.Tokens)), found);
        Assert.True(found.Sum(text => text.Tokens) > 60, "the texts are too short to say much");
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_prompt_goes_on_alone_as_it_does_among_others(string kind)
    {
        using var parameters = Parameters(kind);
        using var model = new Transformer(parameters);
        var generator = new TextGenerator(model);
        var drawn = Greedy with { Temperature = 1.3, TopK = 20, Seed = 5 };

        foreach (var options in new[] { Greedy, drawn })
        {
            var together = generator.Generate(Prompts, options, TestContext.Current.CancellationToken);
            Assert.Equal(Prompts.Select(prompt => Assert.Single(generator.Generate([prompt], options, TestContext.Current.CancellationToken))), together);
        }
    }

    [Fact]
    public void A_seed_says_the_same_twice_and_another_seed_something_else()
    {
        using var parameters = Parameters("dense");
        using var model = new Transformer(parameters);
        var generator = new TextGenerator(model);
        GeneratedText Text(long seed) => Assert.Single(generator.Generate(["a"], new() { Tokens = 12, Seed = seed }, TestContext.Current.CancellationToken));

        Assert.Equal(Text(1), Text(1));
        Assert.NotEqual(Text(1).Text, Text(2).Text);
    }

    [Fact]
    public void A_text_stops_at_its_length_at_the_context_and_at_the_end_of_the_document()
    {
        using var parameters = Parameters("dense");
        using var model = new Transformer(parameters);
        var generator = new TextGenerator(model);
        GeneratedText Text(string prompt, int tokens) => Assert.Single(generator.Generate([prompt], Greedy with { Tokens = tokens }, TestContext.Current.CancellationToken));

        Assert.Equal((3, TextEnd.Length), (Text("a", 3).Tokens, Text("a", 3).Stopped));
        Assert.Equal((1, TextEnd.Context), (Text("123456789012345", 3).Tokens, Text("123456789012345", 3).Stopped));
        EndEverything(parameters);
        Assert.Equal(new("a", "", 0, TextEnd.EndOfDocument), Text("a", 3));
    }

    [Fact]
    public void A_prompt_that_fills_the_context_is_refused_before_anything_is_read()
    {
        using var parameters = Parameters("dense");
        using var model = new Transformer(parameters);
        var generator = new TextGenerator(model);

        var wrong = Assert.Throws<DataException>(() => generator.Generate(["a", "1234567890123456"], Greedy, TestContext.Current.CancellationToken));

        Assert.Equal("prompt 2 has 16 tokens; the model's context of 16 leaves room for at most 15: shorten it", wrong.Message);
    }

    [Fact]
    public void A_model_that_has_no_numbers_left_is_refused()
    {
        using var parameters = Parameters("dense");
        parameters.Change("norm.weight", weight => weight.fill_(float.NaN.ToScalar()));
        using var model = new Transformer(parameters);

        var wrong = Assert.Throws<CheckpointException>(() => new TextGenerator(model).Generate(["a"], Greedy, TestContext.Current.CancellationToken));

        Assert.Contains("logits are no numbers", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_room_for_its_tokenizer_is_refused()
    {
        using var parameters = TransformerTests.Distinct(Shapes.Dense);
        using var model = new Transformer(parameters);

        Assert.Contains("64 tokens and its tokenizer bytes has 257", Assert.Throws<CheckpointException>(() => new TextGenerator(model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_can_be_cancelled()
    {
        using var parameters = Parameters("dense");
        using var model = new Transformer(parameters);

        Assert.Throws<OperationCanceledException>(() => new TextGenerator(model).Generate(["a"], Greedy, new CancellationToken(canceled: true)));
    }

    private static ParameterSet Parameters(string kind) => TransformerTests.Distinct(Shapes.All[kind] with { Vocab = 320, Context = Context });

    /// <summary>The whole text read anew for every token, in one row and without a cache.</summary>
    private static GeneratedText Slow(Transformer model, string prompt, int limit)
    {
        List<long> ids = prompt.Length == 0 ? [EndOfDocument] : [.. Encoding.UTF8.GetBytes(prompt).Select(one => (long)one)];
        var written = new List<byte>();
        while (true)
        {
            var next = Logits(model, ids).Index().MaxBy(pair => pair.Item).Index;
            if (next == EndOfDocument)
                return Text(TextEnd.EndOfDocument);
            written.Add((byte)next);
            ids.Add(next);
            if (written.Count == limit)
                return Text(TextEnd.Length);
            if (ids.Count == Context)
                return Text(TextEnd.Context);
        }

        GeneratedText Text(TextEnd end) => new(prompt, Encoding.UTF8.GetString([.. written]), written.Count, end);
    }

    /// <summary>Logits [257] of the token after <paramref name="ids"/>.</summary>
    private static float[] Logits(Transformer model, List<long> ids)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        return model.Forward(tensor(ids.ToArray(), [1, ids.Count]))[0][ids.Count - 1].contiguous().data<float>().ToArray()[..257];
    }

    /// <summary>Makes the end of document the most likely token everywhere: all states equal its embedding's direction.</summary>
    private static void EndEverything(ParameterSet parameters)
    {
        parameters.Load((spec, values) =>
        {
            values.Clear();
            if (spec.Group == TensorGroup.Norm)
                values.Fill(1);
            if (spec.Name != "embed.weight")
                return;
            GaussianSource.Fill(values, 1, spec.Name, 0.1);
            for (var row = 0; row < values.Length / Shapes.Dense.Width; row++)
                values[row * Shapes.Dense.Width] = row == EndOfDocument ? 50 : 5;
        });
    }
}
