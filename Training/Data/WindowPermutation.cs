using System.Numerics;
using Bam.Training.Randomness;

namespace Bam.Training.Data;

/// <summary>
/// A keyed permutation of [0, count) in constant memory: a balanced Feistel network over the next even power of two, walked until it
/// lands inside (at most four steps on average).
/// </summary>
internal readonly struct WindowPermutation
{
    private const int Rounds = 6;

    private readonly ulong _key;
    private readonly ulong _count;
    private readonly int _halfBits;

    public WindowPermutation(ulong key, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        _key = key;
        _count = (ulong)count;
        _halfBits = Math.Max(1, (65 - BitOperations.LeadingZeroCount(_count - 1)) / 2);
    }

    /// <param name="index">In [0, count).</param>
    public long this[long index]
    {
        get
        {
            var x = (ulong)index;
            do x = Encipher(x);
            while (x >= _count);
            return (long)x;
        }
    }

    private ulong Encipher(ulong x)
    {
        var mask = (1UL << _halfBits) - 1;
        var (left, right) = (x >> _halfBits, x & mask);
        for (var round = 0UL; round < Rounds; round++)
            (left, right) = (right, left ^ (CounterHash.Combine(_key + round, right) & mask));
        return (left << _halfBits) | right;
    }
}
