using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Optimization;

namespace Bam.Training.Sessions;

/// <summary>What the steps of a training cost; those with frozen parts cost less.</summary>
/// <param name="TokensPerStep">Tokens of one step.</param>
/// <param name="FlopsPerToken">FLOPs of one trained token.</param>
/// <param name="FrozenFlopsPerToken">The same while parts are frozen.</param>
/// <param name="FrozenSteps">Steps with frozen parts, the first ones.</param>
public sealed record TrainingWork(long TokensPerStep, long FlopsPerToken, long FrozenFlopsPerToken, long FrozenSteps)
{
    /// <summary>FLOPs of one token of the step after <paramref name="step"/> steps.</summary>
    public long FlopsPerTokenAt(long step) => step < FrozenSteps ? FrozenFlopsPerToken : FlopsPerToken;

    /// <summary>FLOPs of the first <paramref name="steps"/> steps.</summary>
    public double FlopsOf(long steps)
    {
        var frozen = Math.Min(steps, FrozenSteps);
        return (double)TokensPerStep * ((double)frozen * FrozenFlopsPerToken + (double)(steps - frozen) * FlopsPerToken);
    }

    /// <summary>Steps, and a part of one, that so many FLOPs pay for.</summary>
    public double StepsOf(double flops)
    {
        double frozen = (double)FrozenFlopsPerToken * TokensPerStep, full = (double)FlopsPerToken * TokensPerStep;
        return Math.Min(flops / frozen, FrozenSteps + Math.Max(0, (flops - (frozen * FrozenSteps)) / full));
    }

    /// <summary>The work of a model's steps.</summary>
    public static TrainingWork Of(ModelConfig config, TrainSpec train, Freeze freeze) =>
        new((long)train.Batch * config.Context, FlopCount.Training(config), FlopCount.Training(config, freeze.Parts), freeze.Steps);
}
