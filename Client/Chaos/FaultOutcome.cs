namespace Bam.Client.Chaos;

/// <summary>A line of the report: a fault and its recovery.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Kind">What was done.</param>
/// <param name="Time">When.</param>
/// <param name="Target">To what.</param>
/// <param name="Members">Models that were hit.</param>
/// <param name="Recovery">From the fault to the first new step of the last model that it hit; null when there was nothing to recover.</param>
internal sealed record FaultOutcome(int Number, FaultKind Kind, DateTimeOffset Time, string Target, IReadOnlyList<string> Members, TimeSpan? Recovery);
