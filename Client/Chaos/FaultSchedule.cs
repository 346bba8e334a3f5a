namespace Bam.Client.Chaos;

/// <summary>
/// The faults of a seed. What fault i draws depends on the seed and on i alone, so that a fault which finds no target does not change those
/// after it.
/// </summary>
internal sealed class FaultSchedule(long seed, TimeSpan mean, IReadOnlyList<FaultKind> kinds)
{
    /// <summary>Pause before a fault: exponentially distributed.</summary>
    public TimeSpan Pause(int fault) => mean * -Math.Log(1 - Of(fault, "pause").NextDouble());

    /// <summary>The kinds in the order in which a fault tries them.</summary>
    public IReadOnlyList<FaultKind> Kinds(int fault)
    {
        var order = kinds.ToArray();
        Of(fault, "kind").Shuffle(order);
        return order;
    }

    /// <summary>The draws of a fault for one purpose.</summary>
    public Random Of(int fault, string purpose) => new(Mixed($"{seed}/{fault}/{purpose}"));

    // string.GetHashCode differs from process to process.
    private static int Mixed(string text) => text.Aggregate(17, (hash, letter) => unchecked((hash * 486187739) + letter));
}
