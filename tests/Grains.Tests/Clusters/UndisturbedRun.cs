using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Evaluation;
using Bam.Training.Mixing;
using Bam.Training.Native;
using Bam.Training.Optimization;
using Bam.Training.Sessions;
using TorchSharp;

namespace Bam.Grains.Tests.Clusters;

/// <summary>The tiny run without a cluster: one model after the other on one thread. What any disturbed run must end with.</summary>
internal static class UndisturbedRun
{
    private static readonly Lazy<IReadOnlyDictionary<string, (string Hash, TrainingHistory History)>> Trained =
        new(() => OnThreadOfItsOwn(() => Train(folder => TinyRun.In("undisturbed", folder))));

    private static readonly Lazy<IReadOnlyDictionary<string, (string Hash, TrainingHistory History)>> TrainedAtOnce = new(() => OnThreadOfItsOwn(() => Train(folder =>
    {
        var spec = TinyRun.In("at-once", folder);
        var extended = TinyRun.Extended(spec, folder);
        return extended with { Mixtures = [spec.Mixtures[0], extended.Mixtures[1]] };
    })));

    /// <summary>SHA-256 of each model's last weights, by name.</summary>
    public static IReadOnlyDictionary<string, string> Hashes => Trained.Value.ToDictionary(pair => pair.Key, pair => pair.Value.Hash);

    /// <summary>Each model's loss over its training, as its last checkpoint has it.</summary>
    public static IReadOnlyDictionary<string, TrainingHistory> Histories => Trained.Value.ToDictionary(pair => pair.Key, pair => pair.Value.History);

    /// <summary>The same for the extended run, had it been launched as a whole.</summary>
    public static IReadOnlyDictionary<string, string> ExtendedHashes => TrainedAtOnce.Value.ToDictionary(pair => pair.Key, pair => pair.Value.Hash);

    private static Dictionary<string, (string Hash, TrainingHistory History)> Train(Func<TemporaryFolder, RunSpec> run)
    {
        TorchLibrary.Load();
        torch.set_num_threads(1);
        using var folder = new TemporaryFolder();
        var spec = run(folder);
        var seed = Train(spec, "seed", null, folder);
        var ended = new Dictionary<string, Checkpoint> { ["seed"] = seed };
        foreach (var branch in spec.Branches)
            ended[branch.Name] = Train(spec, branch.Name, seed.Folder, folder);
        foreach (var mixture in spec.Mixtures)
        {
            Mixer.Mix([.. mixture.Experts.Select(name => new MixSource(name, ended[name]))],
                mixture, spec.Seed, new CheckpointStore(folder.At("store")).Open(spec.Name, mixture.Name));
            ended[mixture.Name] = Train(spec, mixture.Name, null, folder);
        }

        return ended.ToDictionary(pair => pair.Key, pair => (pair.Value.ModelSha256, TrainingHistory.Of(pair.Value)));
    }

    private static Checkpoint Train(RunSpec spec, string member, string? parent, TemporaryFolder folder) => new TrainingSession(new TrainingJob
    {
        Run = spec,
        Member = MemberPlan.Of(spec, member),
        ParentFolder = parent,
        Attempt = 1,
        Store = folder.At("store"),
        TokenCache = folder.At("tokens"),
        Device = "cpu",
        Threads = 1,
    }, new Deaf()).Run().Checkpoint!;

    private static T OnThreadOfItsOwn<T>(Func<T> work)
    {
        T? result = default;
        Exception? problem = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception e)
            {
                problem = e;
            }
        });
        thread.Start();
        thread.Join();
        return problem is null ? result! : throw new InvalidOperationException("the undisturbed run failed", problem);
    }

    private sealed class Deaf : ITrainingObserver
    {
        public bool ShouldStop() => false;

        public void Prepared(PreparedTraining prepared)
        {
        }

        public void Opened(MixOpening opening)
        {
        }

        public void Stepped(long step, TimeSpan duration, TimeSpan dataWait)
        {
        }

        public void Read(StepReading reading)
        {
        }

        public void Skipped(SkippedBatch skipped)
        {
        }

        public void Saving(long step)
        {
        }

        public void Saved(SaveOutcome outcome)
        {
        }

        public void Evaluated(string domain, PerplexityResult result, long step, bool final)
        {
        }

        public void StoodStill(Standstill why, TimeSpan duration)
        {
        }

        public void Pulse()
        {
        }
    }
}
