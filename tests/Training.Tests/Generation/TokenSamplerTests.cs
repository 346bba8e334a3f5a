using Bam.Training.Generation;

namespace Bam.Training.Tests.Generation;

public sealed class TokenSamplerTests
{
    private const int Draws = 40_000;

    private static readonly float[] Logits = [1.5f, -2, 0.25f, 3, 3, -0.5f];

    [Theory]
    [InlineData(1.0, 0)]
    [InlineData(0.5, 0)]
    [InlineData(2.0, 0)]
    [InlineData(1.0, 3)]
    [InlineData(0.7, 1)]
    [InlineData(1.0, 100)]
    public void Tokens_are_drawn_as_often_as_their_softmax_says(double temperature, int topK)
    {
        var sampler = new TokenSampler(new() { Temperature = temperature, TopK = topK, Seed = 3 }, "prompt");

        var counts = new int[Logits.Length];
        for (var place = 0; place < Draws; place++)
            counts[sampler.Choose(Logits, place)]++;

        // By hand: the k largest, the lower id first among equals.
        int[] order = [3, 4, 0, 2, 5, 1];
        var kept = topK == 0 ? order : order[..Math.Min(topK, order.Length)];
        var total = kept.Sum(id => Math.Pow(Math.Exp(Logits[id]), 1 / temperature));
        for (var id = 0; id < Logits.Length; id++)
        {
            var expected = kept.Contains(id) ? Math.Pow(Math.Exp(Logits[id]), 1 / temperature) / total : 0;
            var spread = Math.Sqrt(expected * (1 - expected) / Draws);
            Assert.Equal(expected, (double)counts[id] / Draws, (4.5 * spread) + 1e-12);
        }
    }

    [Fact]
    public void At_temperature_zero_the_first_of_the_largest_is_taken() =>
        Assert.All(Enumerable.Range(0, 20), place => Assert.Equal(3, new TokenSampler(new() { Temperature = 0 }, "x").Choose(Logits, place)));

    [Fact]
    public void A_small_temperature_comes_to_the_largest_without_overflow() =>
        Assert.Equal(1, new TokenSampler(new() { Temperature = 1e-300 }, "x").Choose([-3e38f, 3e38f, 0], 0));

    [Fact]
    public void Prompts_and_seeds_have_draws_of_their_own()
    {
        int[] Texts(long seed, string prompt)
        {
            var sampler = new TokenSampler(new() { Temperature = 1, Seed = seed }, prompt);
            return [.. Enumerable.Range(0, 50).Select(place => sampler.Choose(Logits, place))];
        }

        Assert.Equal(Texts(1, "a"), Texts(1, "a"));
        Assert.NotEqual(Texts(1, "a"), Texts(2, "a"));
        Assert.NotEqual(Texts(1, "a"), Texts(1, "b"));
    }
}
