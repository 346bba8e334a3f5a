using System.Diagnostics;

namespace Bam.Training.Randomness;

/// <summary>
/// Normal numbers by counter: number i of a stream depends on (seed, stream name, i) only, so weights are the same on every host,
/// device and libtorch. Box-Muller over counter hashes.
/// </summary>
internal static class GaussianSource
{
    private const int Chunk = 1 << 16;

    /// <summary>
    /// Fills <paramref name="values"/> with normal numbers of mean 0: those of the stream from number <paramref name="first"/> on, which is even.
    /// </summary>
    public static unsafe void Fill(Span<float> values, long seed, string stream, double std, long first = 0)
    {
        Debug.Assert(first % 2 == 0, "numbers come in pairs");
        var key = CounterHash.Combine((ulong)seed, CounterHash.Of(stream));
        var count = values.Length;
        fixed (float* start = values)
        {
            var target = start;
            Parallel.For(0, (count + Chunk - 1) / Chunk, chunk =>
            {
                for (var i = chunk * Chunk; i < Math.Min(count, (chunk + 1) * Chunk); i += 2)
                {
                    var radius = std * Math.Sqrt(-2 * Math.Log(Unit(key, (ulong)(first + i))));
                    var (sin, cos) = Math.SinCos(2 * Math.PI * Unit(key, (ulong)(first + i + 1)));
                    target[i] = (float)(radius * cos);
                    if (i + 1 < count)
                        target[i + 1] = (float)(radius * sin);
                }
            });
        }
    }

    // In (0, 1]: the logarithm of zero is never asked for.
    private static double Unit(ulong key, ulong index) => ((CounterHash.Combine(key, index) >> 11) + 1) * (1.0 / (1UL << 53));
}
