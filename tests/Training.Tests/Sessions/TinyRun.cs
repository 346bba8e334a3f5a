using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Evaluation;
using Bam.Training.Mixing;
using Bam.Training.Optimization;
using Bam.Training.Sessions;

namespace Bam.Training.Tests.Sessions;

/// <summary>A run small enough to train in a second, over text files of its own.</summary>
internal sealed class TinyRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyRun()
    {
        Domain("letters", i => $"alpha beta gamma {i % 7} delta alpha beta {i % 3}. ");
        Domain("digits", i => $"{i} + {i + 1} = {2 * i + 1}; ");
        Spec = new RunSpec
        {
            Name = "tiny",
            Seed = 3,
            Model = new ModelSpec { Layers = 2, Width = 32, Heads = 4, KvHeads = 2, Ffn = 48, Context = 32 },
            Domains = [.. new[] { "letters", "digits" }.Select(name => new DomainSpec(name, [_folder.At($"{name}.txt")], [_folder.At($"{name}.val.txt")]))],
            SeedModel = new SeedModelSpec { Domains = [new("letters", 1)], Steps = 12, Train = Train },
            Branches = [new("digits", [new("digits", 0.75), new("letters", 0.25)], 20, Train)],
            Mixtures = [new() { Name = "bam", Steps = 8, Train = Train, Experts = ["seed", "digits"], Data = [new("letters", 0.5), new("digits", 0.5)] }],
            Checkpoints = new CheckpointSpec(Every: 5, Keep: 3),
            Evaluate = new EvaluationSpec(0, 500),
        };
    }

    public static TrainSpec Train { get; } = new() { Batch = 4, Warmup = 3, LearningRate = 3e-3 };

    public RunSpec Spec { get; set; }

    public MemberStore Store(string member) => new CheckpointStore(_folder.At("store")).Open(Spec.Name, member);

    public TrainingJob Job(string member, int attempt = 1, string? parent = null) => new()
    {
        Run = Spec,
        Member = MemberPlan.Of(Spec, member),
        ParentFolder = parent,
        Attempt = attempt,
        Store = _folder.At("store"),
        TokenCache = _folder.At("tokens"),
        Device = "cpu",
        Threads = 1,
    };

    public void Dispose() => _folder.Dispose();

    private void Domain(string name, Func<int, string> text)
    {
        File.WriteAllText(_folder.At($"{name}.txt"), string.Concat(Enumerable.Range(0, 400).Select(text)));
        File.WriteAllText(_folder.At($"{name}.val.txt"), string.Concat(Enumerable.Range(1000, 100).Select(text)));
    }

    /// <summary>Remembers what it is told, and stops when told to.</summary>
    internal class Observer(long stopAt = long.MaxValue) : ITrainingObserver
    {
        public PreparedTraining? Start { get; private set; }

        public List<long> Steps { get; } = [];

        public List<double> Losses { get; } = [];

        public Dictionary<string, PerplexityResult> Final { get; } = [];

        public List<SaveOutcome> Saves { get; } = [];

        public MixOpening? Opening { get; private set; }

        public virtual bool ShouldStop() => Steps.Count > 0 && Steps[^1] >= stopAt;

        public virtual void Prepared(PreparedTraining prepared) => Start = prepared;

        public void Opened(MixOpening opening) => Opening = opening;

        public virtual void Stepped(long step, TimeSpan duration, TimeSpan dataWait) => Steps.Add(step);

        public virtual void Read(StepReading reading) => Losses.Add(reading.Loss);

        public List<SkippedBatch> Skips { get; } = [];

        public void Skipped(SkippedBatch skipped) => Skips.Add(skipped);

        public void Saving(long step)
        {
        }

        public void Saved(SaveOutcome outcome) => Saves.Add(outcome);

        public virtual void Evaluated(string domain, PerplexityResult result, long step, bool final)
        {
            if (final)
                Final[domain] = result;
        }

        public Dictionary<Standstill, TimeSpan> Still { get; } = [];

        public void StoodStill(Standstill why, TimeSpan duration) => Still[why] = Still.GetValueOrDefault(why) + duration;

        public void Pulse()
        {
        }
    }
}
