namespace Bam.Training.Model;

/// <summary>
/// Normal numbers by counter: number i of a stream depends on (seed, stream name, i) only, so weights are the same on every host,
/// device and libtorch. SplitMix64 finaliser and Box-Muller.
/// </summary>
internal static class GaussianSource
{
    private const int Chunk = 1 << 16;

    /// <summary>Fills <paramref name="values"/> with normal numbers of mean 0.</summary>
    public static unsafe void Fill(Span<float> values, long seed, string stream, double std)
    {
        var key = Mix((ulong)seed ^ Hash(stream));
        var count = values.Length;
        fixed (float* start = values)
        {
            var target = start;
            Parallel.For(0, (count + Chunk - 1) / Chunk, chunk =>
            {
                for (var i = chunk * Chunk; i < Math.Min(count, (chunk + 1) * Chunk); i += 2)
                {
                    var radius = std * Math.Sqrt(-2 * Math.Log(Unit(key, (ulong)i)));
                    var (sin, cos) = Math.SinCos(2 * Math.PI * Unit(key, (ulong)i + 1));
                    target[i] = (float)(radius * cos);
                    if (i + 1 < count)
                        target[i + 1] = (float)(radius * sin);
                }
            });
        }
    }

    // In (0, 1]: the logarithm of zero is never asked for.
    private static double Unit(ulong key, ulong index) => ((Mix(key + index * 0x9E3779B97F4A7C15) >> 11) + 1) * (1.0 / (1UL << 53));

    private static ulong Hash(string text)
    {
        var hash = 0xCBF29CE484222325;
        foreach (var letter in text)
            hash = (hash ^ letter) * 0x100000001B3;
        return hash;
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
