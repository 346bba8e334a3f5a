namespace Bam.Training.Model;

/// <summary>What the routers of one layer did in one step, or on one text.</summary>
/// <param name="FfnShares">Part of the tokens each FFN expert got, [E].</param>
/// <param name="FfnEntropy">Mean entropy of the FFN gates in nats.</param>
/// <param name="AttentionShares">Mean gate of each attention expert, [E]; empty without attention experts.</param>
/// <param name="AttentionEntropy">Mean entropy of the attention gates in nats; NaN without attention experts.</param>
public sealed record LayerRouting(
    IReadOnlyList<double> FfnShares,
    double FfnEntropy,
    IReadOnlyList<double> AttentionShares,
    double AttentionEntropy);
