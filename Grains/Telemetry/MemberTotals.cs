namespace Bam.Grains.Telemetry;

/// <summary>What a coordinator has counted of one model.</summary>
/// <param name="Restarts">Attempts that took over from another, by reason.</param>
/// <param name="StepsLost">Steps done again.</param>
internal sealed record MemberTotals(IReadOnlyDictionary<string, long> Restarts, long StepsLost);
