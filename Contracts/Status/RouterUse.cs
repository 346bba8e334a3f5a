namespace Bam.Contracts.Status;

/// <summary>What the routers of one layer did on a text.</summary>
/// <param name="FfnShares">Part of the tokens that each FFN expert got, in the order of the experts; sums to 1.</param>
/// <param name="FfnEntropy">Mean entropy of the FFN gates in nats.</param>
/// <param name="AttentionShares">Mean gate of each attention expert; empty without attention experts.</param>
/// <param name="AttentionEntropy">Mean entropy of the attention gates in nats; null without attention experts.</param>
[GenerateSerializer, Immutable, Alias("bam.RouterUse")]
public sealed record RouterUse(
    [property: Id(0)] IReadOnlyList<double> FfnShares,
    [property: Id(1)] double FfnEntropy,
    [property: Id(2)] IReadOnlyList<double> AttentionShares,
    [property: Id(3)] double? AttentionEntropy);
