namespace Bam.Client.Chaos.Invariants;

/// <summary>An invariant that does not hold.</summary>
/// <param name="Invariant">Which.</param>
/// <param name="Member">Model that it concerns; null for the run.</param>
/// <param name="Evidence">What was seen, one line.</param>
internal sealed record Violation(Invariant Invariant, string? Member, string Evidence);
