using Bam.Contracts.Runs;
using Bam.Contracts.Status;

namespace Bam.Contracts.Grains;

/// <summary>What a training grain has to do, and where.</summary>
[GenerateSerializer, Immutable, Alias("bam.TrainingAssignment")]
public sealed record TrainingAssignment
{
    [Id(0)] public required RunSpec Run { get; init; }

    /// <summary>Seed model, branch or mixture of the run to train.</summary>
    [Id(1)] public required string Member { get; init; }

    [Id(2)] public required MemberKind Kind { get; init; }

    /// <summary>Checkpoint that the training starts from; null for a seed model with random weights.</summary>
    [Id(3)] public CheckpointRef? Parent { get; init; }

    /// <summary>Device slot to train on.</summary>
    [Id(4)] public required DeviceLease Lease { get; init; }

    /// <summary>The dense models of a mixture, in the order of its experts; empty for a dense model of the run.</summary>
    [Id(5)] public IReadOnlyList<NamedCheckpoint> Experts { get; init; } = [];

    /// <summary>The launch of the run, which other clusters on the same store are told; null for none.</summary>
    [Id(6)] public string? Owner { get; init; }
}
