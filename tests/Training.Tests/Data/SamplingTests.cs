using Bam.Training.Data;
using Bam.Training.Randomness;

namespace Bam.Training.Tests.Data;

public sealed class SamplingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    [InlineData(65_537)]
    public void A_window_permutation_is_a_bijection(int count)
    {
        var permutation = new WindowPermutation(key: 42, count);
        var images = Enumerable.Range(0, count).Select(i => permutation[i]).ToArray();

        Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), images.Order());
        if (count >= 64) Assert.InRange(images.Where((image, i) => image == i).Count(), 0, 8);   // one on average, when random
    }

    [Fact]
    public void A_permutation_of_more_windows_than_fit_32_bits_stays_inside()
    {
        const long Count = 40_000_000_000;
        var permutation = new WindowPermutation(key: 1, Count);

        Assert.All(Enumerable.Range(0, 1000), i => Assert.InRange(permutation[Count - 1 - i], 0, Count - 1));
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.9, 0.1)]
    [InlineData(0.4, 0.35, 0.25)]
    [InlineData(0.999999, 0.000001)]
    [InlineData(0.2, 0.2, 0.2, 0.2, 0.1, 0.05, 0.03, 0.02)]
    public void A_pattern_meets_its_shares_and_counts_earlier_draws(params double[] shares)
    {
        var pattern = new MixPattern(shares);
        var drawn = new long[shares.Length];
        for (var row = 0L; row < 3 * MixPattern.Length; row++)
        {
            var (domain, draw) = pattern[row];
            Assert.Equal(drawn[domain]++, draw);
        }

        for (var d = 0; d < shares.Length; d++) Assert.InRange(drawn[d] / (3.0 * MixPattern.Length) - shares[d], -1.0 / 4096, 1.0 / 4096);
        Assert.All(drawn, count => Assert.True(count > 0));
    }

    [Fact]
    public void Every_target_counts_once_whatever_the_stride()
    {
        var random = new Random(5);
        for (var trial = 0; trial < 300; trial++)
        {
            var (tokens, context) = (random.Next(0, 200), random.Next(1, 40));
            var (stride, limit) = (random.Next(1, context + 1), random.Next(3) == 0 ? random.Next(0, 200) : long.MaxValue);
            var counted = new List<long>();
            foreach (var window in ValidationWindow.Over(tokens, context, stride, limit))
            {
                Assert.InRange(window.Length, 1, context);
                Assert.True(window.Start + window.Length < tokens);
                Assert.True(counted.Count == 0 || window.FirstCounted >= Math.Min(context - stride, window.Length - 1));
                counted.AddRange(Enumerable.Range(window.FirstCounted, window.Counted).Select(i => window.Start + i + 1));
            }

            var targets = (int)Math.Max(0, Math.Min(tokens - 1, limit));
            Assert.Equal(Enumerable.Range(1, targets).Select(i => (long)i), counted);
        }
    }

    [Fact]
    public void Windows_lie_side_by_side_unless_a_stride_is_given() =>
        Assert.Equal([new(0, 4, 0), new(4, 4, 0), new(8, 1, 0)], ValidationWindow.Over(tokens: 10, context: 4));

    [Fact]
    public void Hashes_are_the_same_everywhere()
    {
        // SplitMix64 with seed 1234567: the reference implementation's first outputs.
        Assert.Equal(6457827717110365317UL, CounterHash.Mix(1234567UL + 0x9E3779B97F4A7C15UL));
        Assert.Equal(3203168211198807973UL, CounterHash.Mix(unchecked(1234567UL + 2 * 0x9E3779B97F4A7C15UL)));
        Assert.NotEqual(CounterHash.Combine(1, 2), CounterHash.Combine(2, 1));
        Assert.NotEqual(CounterHash.Of("law"), CounterHash.Of("wal"));
    }
}
