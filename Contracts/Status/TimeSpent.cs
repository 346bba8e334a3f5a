namespace Bam.Contracts.Status;

/// <summary>Where the seconds of a model's attempts went, those of attempts that died left out.</summary>
/// <param name="Preparing">Reading data, weights and optimizer until the first step could begin.</param>
/// <param name="Stepping">In training steps.</param>
/// <param name="Saving">Standing still for checkpoints; writing one beside the steps costs none.</param>
/// <param name="Evaluating">Measuring perplexities, between the steps and of the finished model.</param>
[GenerateSerializer, Immutable, Alias("bam.TimeSpent")]
public sealed record TimeSpent(
    [property: Id(0)] double Preparing, [property: Id(1)] double Stepping, [property: Id(2)] double Saving, [property: Id(3)] double Evaluating)
{
    public static readonly TimeSpent None = new(0, 0, 0, 0);

    public double Total => Preparing + Stepping + Saving + Evaluating;

    public TimeSpent Plus(TimeSpent other) =>
        new(Preparing + other.Preparing, Stepping + other.Stepping, Saving + other.Saving, Evaluating + other.Evaluating);
}
