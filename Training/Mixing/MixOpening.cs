namespace Bam.Training.Mixing;

/// <summary>What was measured of a mixture before its first step, and what was set from text.</summary>
public sealed record MixOpening
{
    /// <summary>Loss on each domain's validation text.</summary>
    public required IReadOnlyList<OpeningLoss> Losses { get; init; }

    /// <summary>Whether the routers are a regression on the domains instead of random.</summary>
    public bool RidgeRouters { get; init; }

    /// <summary>Factor of each layer's FFN outputs; empty when they were not rescaled.</summary>
    public IReadOnlyList<double> FfnScales { get; init; } = [];

    /// <summary>The mixture with all gates on one expert, before any rescale, against that expert's dense model; empty when it was not measured.</summary>
    public IReadOnlyList<ForcedExpert> Forced { get; init; } = [];

    /// <summary>Why it was not measured.</summary>
    public string? ForcedSkipped { get; init; }
}
