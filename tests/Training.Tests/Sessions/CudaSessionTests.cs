using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Sessions;
using Bam.Training.Tests.Kernels;

namespace Bam.Training.Tests.Sessions;

/// <summary>Sessions on a GPU in bfloat16 train by the fused step without being asked; skipped where there is none.</summary>
public sealed class CudaSessionTests
{
    [Theory]
    [InlineData(false, Precision.Float32)]
    [InlineData(true, Precision.BFloat16)]
    public void A_seed_a_branch_and_a_mixture_train_there_and_resume_within_the_noise(bool recompute, Precision states)
    {
        TwinMaker.Cuda();
        using TinyRun straight = new(), broken = new();
        TrainingJob Job(TinyRun run, string member, int attempt = 1, string? parent = null)
        {
            var job = run.Job(member, attempt, parent) with { Device = "cuda:0" };
            var train = job.Member.Train with { Precision = Precision.BFloat16, Recompute = recompute, OptimizerStates = states };
            return job with { Member = job.Member with { Train = train } };
        }

        var seed = Run(Job(straight, "seed"), new TinyRun.Observer()).Checkpoint!;
        var branch = Run(Job(straight, "digits", parent: seed.Folder), new TinyRun.Observer()).Checkpoint!;
        Mixer.Mix(
            [new("seed", seed), new("digits", branch)], straight.Spec.Mixtures[0], straight.Spec.Seed, straight.Store("bam"),
            TestContext.Current.CancellationToken);
        var mixture = new TinyRun.Observer();
        Assert.True(Run(Job(straight, "bam"), mixture).Completed);
        Assert.All(mixture.Losses, loss => Assert.InRange(loss, 0.1, 5));

        var undisturbed = new TinyRun.Observer();
        Run(Job(broken, "seed"), undisturbed);
        Assert.True(undisturbed.Losses[^1] < undisturbed.Losses[0] - 0.5, $"{undisturbed.Losses[0]} to {undisturbed.Losses[^1]}");
        Assert.False(Run(Job(broken, "digits", attempt: 1, seed.Folder), new TinyRun.Observer(stopAt: 7)).Completed);
        var resumed = new TinyRun.Observer();
        Assert.True(Run(Job(broken, "digits", attempt: 2, seed.Folder), resumed).Completed);
        Assert.Equal(7, resumed.Start!.Step);
        Assert.Equal(Perplexity("digits", seed), resumed.Final["digits"].Perplexity, 0.05);

        double Perplexity(string member, Checkpoint parent)
        {
            using var again = new TinyRun();
            var observer = new TinyRun.Observer();
            Run(Job(again, member, parent: parent.Folder), observer);
            return observer.Final["digits"].Perplexity;
        }
    }

    private static TrainingOutcome Run(TrainingJob job, TinyRun.Observer observer) =>
        new TrainingSession(job, observer).Run(TestContext.Current.CancellationToken);
}
