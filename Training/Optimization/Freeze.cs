using Bam.Contracts.Runs;

namespace Bam.Training.Optimization;

/// <summary>What stays as it is in the first steps of a training.</summary>
/// <param name="Parts">Parts that stay.</param>
/// <param name="Steps">For how many steps.</param>
public sealed record Freeze(FrozenParts Parts, long Steps)
{
    public static Freeze Nothing { get; } = new(FrozenParts.None, 0);

    /// <summary>What a mixture asks for.</summary>
    public static Freeze Of(MixtureSpec mixture) => new(mixture.Frozen, mixture.FrozenSteps);

    /// <summary>Parts that the step after <paramref name="step"/> steps leaves alone.</summary>
    public FrozenParts At(long step) => step < Steps ? Parts : FrozenParts.None;
}
