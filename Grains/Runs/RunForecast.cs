using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Training.Data;
using Bam.Training.Model;
using Bam.Training.Sessions;

namespace Bam.Grains.Runs;

/// <summary>Guesses how long a run still takes: the FLOPs that are left, at the speed of the models that train now.</summary>
internal static class RunForecast
{
    /// <returns>Null when nothing trains.</returns>
    public static TimeSpan? Remaining(RunSpec spec, RunState run)
    {
        var speeds = run.Members.Select(member => member.Status.FlopsPerSecond).Where(speed => speed > 0).ToArray();
        if (speeds.Length == 0)
            return null;
        var seconds = 0.0;
        foreach (var phase in run.Members.GroupBy(member => member.Status.Kind))
        {
            // One model trains on one device: a phase is at least as long as its longest model.
            var left = phase.Where(member => !member.HasEnded).Select(member => Flops(spec, member.Status)).ToArray();
            if (left.Length > 0)
                seconds += Math.Max(left.Max() / speeds.Average(), left.Sum() / speeds.Average() / Math.Max(speeds.Length, 1));
        }

        return TimeSpan.FromSeconds(seconds);
    }

    private static double Flops(RunSpec spec, MemberStatus status)
    {
        var dense = ModelConfig.Dense(spec.Model, spec.Tokenizer, Tokenizers.VocabSize(spec.Tokenizer));
        var config = spec.Mixtures.FirstOrDefault(mixture => mixture.Name == status.Name) is { } mixture
            ? dense.Mixture(mixture)
            : dense;
        var plan = MemberPlan.Of(spec, status.Name);
        var work = TrainingWork.Of(config, plan.Train, plan.Freeze);
        return Math.Max(0, work.FlopsOf(status.TargetSteps) - work.FlopsOf(Math.Min(status.Step, status.TargetSteps)));
    }
}
