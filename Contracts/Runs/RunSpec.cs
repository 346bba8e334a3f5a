namespace Bam.Contracts.Runs;

/// <summary>One run, as its run file states it: defaults applied, paths absolute, lengths in steps, everything validated.</summary>
[GenerateSerializer, Immutable, Alias("bam.RunSpec")]
public sealed record RunSpec
{
    /// <summary>Name of the run, [a-z0-9-]; unique in a cluster.</summary>
    [Id(0)] public required string Name { get; init; }

    /// <summary>Every random choice of the run derives from it.</summary>
    [Id(1)] public long Seed { get; init; }

    /// <summary><c>bytes</c>, <c>cl100k_base</c>, or <c>cl100k_base:N</c> for its first N ranks.</summary>
    [Id(2)] public string Tokenizer { get; init; } = "bytes";

    /// <summary>Shape of the seed model and so of every dense expert.</summary>
    [Id(3)] public required ModelSpec Model { get; init; }

    [Id(4)] public required IReadOnlyList<DomainSpec> Domains { get; init; }

    [Id(5)] public required SeedModelSpec SeedModel { get; init; }

    [Id(6)] public required IReadOnlyList<BranchSpec> Branches { get; init; }

    /// <summary>Whether an untouched copy of the seed model is the first expert of every mixture that names no experts, as in the paper.</summary>
    [Id(7)] public bool IncludeSeedAsExpert { get; init; } = true;

    [Id(8)] public required IReadOnlyList<MixtureSpec> Mixtures { get; init; }

    [Id(9)] public CheckpointSpec Checkpoints { get; init; } = new();

    [Id(10)] public EvaluationSpec Evaluate { get; init; } = new();

    [Id(11)] public LimitsSpec Limits { get; init; } = new();
}
