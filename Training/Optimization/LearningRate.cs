using Bam.Contracts.Runs;

namespace Bam.Training.Optimization;

/// <summary>Linear warm-up to the peak, then a cosine down to a part of it.</summary>
/// <param name="spec">Peak, warm-up and final part.</param>
/// <param name="steps">Length of the training.</param>
public sealed class LearningRate(TrainSpec spec, long steps)
{
    /// <summary>Rate of step <paramref name="step"/>, counted from 0.</summary>
    public double At(long step)
    {
        var warmup = Math.Min(spec.Warmup, steps);
        if (step < warmup)
            return spec.LearningRate * (step + 1) / warmup;
        var progress = steps > warmup ? (double)(step - warmup) / (steps - warmup) : 1;
        var floor = spec.FinalLearningRate;
        return spec.LearningRate * (floor + (1 - floor) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, progress))));
    }
}
