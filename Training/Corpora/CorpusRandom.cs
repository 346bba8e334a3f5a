using Bam.Training.Randomness;

namespace Bam.Training.Corpora;

/// <summary>SplitMix64: one stream of choices per document, the same on every host and .NET version.</summary>
internal sealed class CorpusRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Uniform in [0, count).</summary>
    public int Below(int count) => (int)(((UInt128)Next() * (ulong)count) >> 64);

    /// <summary>Uniform in [from, to], both included.</summary>
    public int Between(int from, int to) => from + Below(to - from + 1);

    public bool OneIn(int count) => Below(count) == 0;

    public T Pick<T>(ReadOnlySpan<T> items) => items[Below(items.Length)];

    /// <summary>Different items, in random order.</summary>
    public T[] PickSome<T>(ReadOnlySpan<T> items, int count)
    {
        var pool = items.ToArray();
        for (var i = 0; i < count; i++)
        {
            var j = Between(i, pool.Length - 1);
            (pool[i], pool[j]) = (pool[j], pool[i]);
        }
        return pool[..count];
    }

    private ulong Next() => CounterHash.Mix(_state += 0x9E3779B97F4A7C15);
}
