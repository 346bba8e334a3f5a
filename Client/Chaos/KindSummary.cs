namespace Bam.Client.Chaos;

/// <summary>The faults of one kind.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Faults">How many.</param>
/// <param name="Recovered">How many of them hit a model that had to recover.</param>
/// <param name="Median">Median of their recovery times; null without any.</param>
/// <param name="Worst">The longest; null without any.</param>
internal sealed record KindSummary(FaultKind Kind, int Faults, int Recovered, TimeSpan? Median, TimeSpan? Worst)
{
    public static KindSummary Of(FaultKind kind, IReadOnlyList<FaultOutcome> faults)
    {
        var times = faults.Select(fault => fault.Recovery).OfType<TimeSpan>().Order().ToArray();
        return new(kind, faults.Count, times.Length, times.Length == 0 ? null : Middle(times), times.Length == 0 ? null : times[^1]);
    }

    private static TimeSpan Middle(TimeSpan[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
}
