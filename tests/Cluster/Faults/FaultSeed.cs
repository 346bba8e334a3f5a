using System.Globalization;

namespace Bam.Cluster.Faults;

/// <summary>What the faults of this process's tests derive from: <c>BAM_FAULT_SEED</c>, or 1, so that runs differ only when asked to.</summary>
internal static class FaultSeed
{
    public static int Value { get; } =
        Environment.GetEnvironmentVariable("BAM_FAULT_SEED") is { Length: > 0 } seed ? int.Parse(seed, NumberStyles.None, CultureInfo.InvariantCulture) : 1;

    /// <summary>Random numbers of one test.</summary>
    public static Random Of(string test) => new(HashCode(test));

    // string.GetHashCode differs from process to process.
    private static int HashCode(string test) => test.Aggregate(Value, (hash, letter) => unchecked((hash * 31) + letter));
}
