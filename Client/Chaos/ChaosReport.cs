using Bam.Client.Chaos.Invariants;
using Bam.Contracts.Status;

namespace Bam.Client.Chaos;

/// <summary>What <c>bam chaos</c> did and found.</summary>
/// <param name="Run">Name of the run.</param>
/// <param name="Seed">What the faults derive from.</param>
/// <param name="Command">The command line that repeats it.</param>
/// <param name="Phase">Where the run was at the end.</param>
/// <param name="Faults">Every fault, in order.</param>
/// <param name="Checks">How often the invariants were checked.</param>
/// <param name="Unchecked">What could not be checked, and why.</param>
/// <param name="Violations">Invariants that did not hold; empty when all did.</param>
internal sealed record ChaosReport(
    string Run, long Seed, string Command, RunPhase Phase, IReadOnlyList<FaultOutcome> Faults, int Checks, IReadOnlyList<string> Unchecked,
    IReadOnlyList<Violation> Violations)
{
    /// <summary>Recovery times by kind: how many faults, how many had something to recover, their median and the worst.</summary>
    public IReadOnlyList<KindSummary> Kinds =>
    [
        .. from fault in Faults
           group fault by fault.Kind into kind
           orderby kind.Key
           select KindSummary.Of(kind.Key, [.. kind]),
    ];
}
