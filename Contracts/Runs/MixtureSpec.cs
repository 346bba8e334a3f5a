namespace Bam.Contracts.Runs;

/// <summary>One mixture built from the dense experts and trained on all domains, or a rival of it.</summary>
[GenerateSerializer, Immutable, Alias("bam.MixtureSpec")]
public sealed record MixtureSpec
{
    [Id(0)] public required string Name { get; init; }

    [Id(1)] public AttentionMode Attention { get; init; } = AttentionMode.Soft;

    /// <summary>Ignored when attention is not routed.</summary>
    [Id(2)] public KvMode Kv { get; init; } = KvMode.Experts;

    /// <summary>FFN experts a token uses, 1 in the paper; all of them is soft routing.</summary>
    [Id(3)] public int FfnTopK { get; init; } = 1;

    /// <summary>Whether the chosen FFN gates are scaled to sum to 1; the paper does not.</summary>
    [Id(4)] public bool FfnRenormalise { get; init; }

    /// <summary>Standard deviation of random routers (the paper gives none).</summary>
    [Id(5)] public double RouterStd { get; init; } = 0.02;

    /// <summary>Length in optimizer steps; 0 for an ensemble.</summary>
    [Id(6)] public required int Steps { get; init; }

    [Id(7)] public TrainSpec Train { get; init; } = new();

    /// <summary>What it is.</summary>
    [Id(8)] public MixtureKind Kind { get; init; }

    /// <summary>
    /// Seed model and branches that become its experts, in order; a name may stand more than once. One name for a dense model.
    /// </summary>
    [Id(9)] public IReadOnlyList<string> Experts { get; init; } = [];

    /// <summary>Shares of the domains in its data; they sum to 1.</summary>
    [Id(10)] public IReadOnlyList<DomainShare> Data { get; init; } = [];

    /// <summary>Whether the chosen attention gates are scaled to sum to 1 with top-1 or top-2 attention.</summary>
    [Id(11)] public bool AttentionRenormalise { get; init; }

    [Id(12)] public RouterInit RouterInit { get; init; }

    /// <summary>Logit of a hidden state that the regression finds to be an expert's own, with <see cref="RouterInit.Ridge"/>.</summary>
    [Id(13)] public double RouterScale { get; init; } = 4;

    /// <summary>
    /// Whether the FFN experts' outputs are scaled at the start, layer by layer, by one over the mean sum of the gates that a token uses;
    /// the paper does not.
    /// </summary>
    [Id(14)] public bool RescaleFfn { get; init; }

    /// <summary>Part of each FFN expert's hidden width that is drawn anew, in [0, 1) (Drop-Upcycling, arXiv 2502.19261).</summary>
    [Id(15)] public double FfnReinitialise { get; init; }

    [Id(16)] public FrozenParts Frozen { get; init; }

    /// <summary>Steps for which <see cref="Frozen"/> holds.</summary>
    [Id(17)] public int FrozenSteps { get; init; }

    /// <summary>What its length was matched to, such as <c>compute of btx</c>; null when it was stated.</summary>
    [Id(18)] public string? Match { get; init; }
}
