using Bam.Training.Checkpoints;
using Bam.Training.Sessions;
using Bam.Training.Tests.Sessions;

namespace Bam.Training.Tests.Opening;

/// <summary>A seed model that knows letters, and a branch of it that has learned digits well: experts that differ for a reason.</summary>
public sealed class TrainedExperts : IDisposable
{
    public TrainedExperts()
    {
        var spec = Run.Spec;
        Run = new TinyRun
        {
            Spec = spec with
            {
                SeedModel = spec.SeedModel with { Steps = 120 },
                Branches = [spec.Branches[0] with { Steps = 120, Domains = [new("digits", 0.9), new("letters", 0.1)] }],
            },
        };
        Seed = Train(Run.Job("seed"), new TinyRun.Observer()).Checkpoint!;
        Digits = Train(Run.Job("digits", parent: Seed.Folder), new TinyRun.Observer()).Checkpoint!;
    }

    internal TinyRun Run { get; } = new();

    public Checkpoint Seed { get; }

    public Checkpoint Digits { get; }

    public void Dispose() => Run.Dispose();

    internal static TrainingOutcome Train(TrainingJob job, ITrainingObserver observer) =>
        new TrainingSession(job, observer).Run(TestContext.Current.CancellationToken);
}
