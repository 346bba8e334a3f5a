using System.Globalization;

namespace Bam.Cluster.Faults;

/// <summary>What the faults of this process's tests derive from: <c>BAM_FAULT_SEED</c>, or 1.</summary>
internal static class FaultSeed
{
    public static int Value { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("BAM_FAULT_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : 1;

    /// <summary>Random numbers of one test.</summary>
    public static Random Of(string test) => new(HashCode(test));

    // string.GetHashCode differs from process to process.
    private static int HashCode(string test) => test.Aggregate(Value, (hash, letter) => unchecked((hash * 31) + letter));
}
