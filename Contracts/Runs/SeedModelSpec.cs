namespace Bam.Contracts.Runs;

/// <summary>Where the seed model comes from: a checkpoint, or a training of its own.</summary>
[GenerateSerializer, Immutable, Alias("bam.SeedModelSpec")]
public sealed record SeedModelSpec
{
    /// <summary>Name of the seed model in every run.</summary>
    public const string MemberName = "seed";

    /// <summary>Absolute path of a folder with <c>model.safetensors</c> and <c>config.json</c>; null trains a seed model.</summary>
    [Id(0)] public string? Checkpoint { get; init; }

    [Id(1)] public IReadOnlyList<DomainShare> Domains { get; init; } = [];

    [Id(2)] public int Steps { get; init; }

    [Id(3)] public TrainSpec Train { get; init; } = new();
}
