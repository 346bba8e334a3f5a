namespace Bam.Training.Randomness;

/// <summary>Counter-based hashing: the same on every host and in every process, unlike <see cref="string.GetHashCode()"/>.</summary>
internal static class CounterHash
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <summary>The finaliser of SplitMix64: a bijection of 64 bits in which every input bit moves half of the output bits.</summary>
    public static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>Hash of an ordered pair; fold it for longer keys.</summary>
    public static ulong Combine(ulong a, ulong b) => Mix(Mix(a + GoldenGamma) + (b * GoldenGamma) + 1);

    /// <summary>FNV-1a over the UTF-16 code units, finalised.</summary>
    public static ulong Of(ReadOnlySpan<char> text)
    {
        var hash = 0xCBF29CE484222325;
        foreach (var c in text) hash = (hash ^ c) * 0x100000001B3;
        return Mix(hash);
    }
}
