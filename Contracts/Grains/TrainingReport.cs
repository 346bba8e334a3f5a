using Bam.Contracts.Status;

namespace Bam.Contracts.Grains;

/// <summary>How the training of one model stands, in the words of its grain.</summary>
[GenerateSerializer, Immutable, Alias("bam.TrainingReport")]
public sealed record TrainingReport
{
    [Id(0)] public required MemberStatus Status { get; init; }

    /// <summary>Newest published checkpoint; null for none.</summary>
    [Id(1)] public CheckpointRef? Checkpoint { get; init; }

    /// <summary>Results on every domain of the run, once completed.</summary>
    [Id(2)] public IReadOnlyList<Evaluation> Evaluations { get; init; } = [];

    /// <summary>Whether the grain is not on the leased silo and has asked to be moved.</summary>
    [Id(3)] public bool Misplaced { get; init; }

    /// <summary>Step that the present attempt resumed from; 0 for a fresh start.</summary>
    [Id(4)] public long ResumedFrom { get; init; }

    /// <summary>Seconds spent in training steps by surviving attempts.</summary>
    [Id(5)] public double UsefulSeconds { get; init; }

    /// <summary>Damaged checkpoints set aside by the present attempt, newest first.</summary>
    [Id(6)] public IReadOnlyList<string> DamagedCheckpoints { get; init; } = [];

    /// <summary>How the last attempts began, oldest first; without the first attempt of all.</summary>
    [Id(8)] public IReadOnlyList<AttemptStart> Starts { get; init; } = [];

    /// <summary>What the present attempt measured of a mixture before its first step, one line; null for nothing.</summary>
    [Id(7)] public string? Opening { get; init; }

    /// <summary>Batches that the present attempt left out because loss or gradient was not finite, one line each, oldest first.</summary>
    [Id(9)] public IReadOnlyList<string> SkippedBatches { get; init; } = [];

    /// <summary>Why the last save failed; null when it did not. The training goes on and saves again.</summary>
    [Id(10)] public string? SaveProblem { get; init; }
}
