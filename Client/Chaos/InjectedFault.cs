using Bam.Client.Chaos.Invariants;
using Bam.Client.Clusters;
using Bam.Contracts.Status;

namespace Bam.Client.Chaos;

/// <summary>A fault that has happened.</summary>
internal sealed record InjectedFault
{
    public required FaultKind Kind { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>What was done to what, such as <c>silo-2 (trains law)</c>.</summary>
    public required string Target { get; init; }

    /// <summary>Models that trained there.</summary>
    public IReadOnlyList<MemberStatus> Hit { get; init; } = [];

    /// <summary>Processes that the fault ends: what they still say is not recovery.</summary>
    public IReadOnlyList<ProcessIdentity> Condemned { get; init; } = [];

    /// <summary>Steps done by other processes when it happened, by model.</summary>
    public IReadOnlyDictionary<string, double> Baseline { get; init; } = new Dictionary<string, double>();

    public required Expectation Expectation { get; init; }

    /// <summary>Whether the run's coordinator was hit.</summary>
    public bool HitCoordinator { get; init; }

    /// <summary>Ends when the fault is over, such as with the SIGCONT after a SIGSTOP.</summary>
    public Task Over { get; init; } = Task.CompletedTask;

    /// <summary>The silos' processes before.</summary>
    public required IReadOnlyList<ProcessIdentity> Silos { get; init; }

    /// <summary>How the run was before.</summary>
    public required RunStatus Before { get; init; }

    /// <summary>Damaged checkpoint; null when none was.</summary>
    public (string Member, PublishedCheckpoint Checkpoint)? Damaged { get; init; }
}
