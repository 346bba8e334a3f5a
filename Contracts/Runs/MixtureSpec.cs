namespace Bam.Contracts.Runs;

/// <summary>One mixture built from the dense experts and trained on all domains.</summary>
[GenerateSerializer, Immutable, Alias("bam.MixtureSpec")]
public sealed record MixtureSpec
{
    [Id(0)] public required string Name { get; init; }

    [Id(1)] public AttentionMode Attention { get; init; } = AttentionMode.Soft;

    /// <summary>Ignored when attention is averaged.</summary>
    [Id(2)] public KvMode Kv { get; init; } = KvMode.Experts;

    /// <summary>FFN experts a token uses, 1 in the paper.</summary>
    [Id(3)] public int FfnTopK { get; init; } = 1;

    /// <summary>Whether the chosen FFN gates are scaled to sum to 1; the paper does not.</summary>
    [Id(4)] public bool FfnRenormalise { get; init; }

    /// <summary>Standard deviation of the random routers (the paper gives none).</summary>
    [Id(5)] public double RouterStd { get; init; } = 0.02;

    [Id(6)] public required int Steps { get; init; }

    [Id(7)] public TrainSpec Train { get; init; } = new();
}
