using Bam.Training.Randomness;

namespace Bam.Training.Generation;

/// <summary>
/// Chooses tokens by their logits. The draw at a place depends on seed, prompt and place only, so that a text is the same on every host,
/// and alone as among others.
/// </summary>
internal sealed class TokenSampler(GenerationOptions options, string prompt)
{
    private readonly ulong _key = CounterHash.Combine((ulong)options.Seed, CounterHash.Of(prompt));

    /// <summary>Id of the token at a place of the continuation, from 0.</summary>
    public int Choose(ReadOnlySpan<float> logits, int place)
    {
        // Stable: of equal logits the lower id comes first.
        var values = logits.ToArray();
        if (options.Temperature == 0)
            return Array.IndexOf(values, values.Max());
        int[] ids = [.. Enumerable.Range(0, values.Length)];
        if (options.TopK > 0 && options.TopK < ids.Length)
            ids = [.. ids.OrderByDescending(id => values[id]).Take(options.TopK)];
        var largest = (double)ids.Max(id => values[id]);
        var weights = Array.ConvertAll(ids, id => Math.Exp((values[id] - largest) / options.Temperature));
        var left = Unit(place) * weights.Sum();
        for (var i = 0; i < ids.Length; i++)
        {
            left -= weights[i];
            if (left < 0)
                return ids[i];
        }

        return ids[Array.FindLastIndex(weights, weight => weight > 0)];        // rounding ate the last weight
    }

    /// <summary>In [0, 1).</summary>
    private double Unit(int place) => (CounterHash.Combine(_key, (ulong)place) >> 11) * (1.0 / (1UL << 53));
}
