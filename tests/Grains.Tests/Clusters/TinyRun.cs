using Bam.Contracts.Runs;

namespace Bam.Grains.Tests.Clusters;

/// <summary>A run that trains in a second: a seed model, two branches, one mixture, two domains of text.</summary>
internal static class TinyRun
{
    public const int SeedSteps = 16, BranchSteps = 24, MixtureSteps = 28, TokensPerStep = 4 * 32;

    private static readonly TrainSpec Train = new() { Batch = 4, Warmup = 3, LearningRate = 3e-3 };

    /// <param name="name">Name of the run.</param>
    /// <param name="folder">Where its texts go.</param>
    public static RunSpec In(string name, TemporaryFolder folder) => new()
    {
        Name = name,
        Seed = 3,
        Model = new ModelSpec { Layers = 2, Width = 32, Heads = 4, KvHeads = 2, Ffn = 48, Context = 32 },
        Domains =
        [
            Domain(folder, "letters", i => $"alpha beta gamma {i % 7} delta alpha beta {i % 3}. "),
            Domain(folder, "digits", i => $"{i} + {i + 1} = {2 * i + 1}; "),
        ],
        SeedModel = new SeedModelSpec { Domains = [new("letters", 0.5), new("digits", 0.5)], Steps = SeedSteps, Train = Train },
        Branches = [Branch("digits", "digits", "letters"), Branch("letters", "letters", "digits")],
        Mixtures = [Mixture("bam")],
        Checkpoints = new CheckpointSpec(Every: 4, Keep: 3),
        Evaluate = new EvaluationSpec(8, 200),
    };

    /// <summary>
    /// The run's file with a third domain, a branch on it and a second mixture. The first mixture names no experts in the file, so there it
    /// lists the new branch and the new domain too.
    /// </summary>
    public static RunSpec Extended(RunSpec run, TemporaryFolder folder) => Extended(run, Domain(folder, "words", i => $"{"one two three four five"[..(4 + i % 19)]} and {i % 5}. "));

    /// <summary>The same with a domain of any text.</summary>
    public static RunSpec Extended(RunSpec run, DomainSpec words) => run with
    {
        Domains = [.. run.Domains, words],
        Branches = [.. run.Branches, Branch("words", "words", "letters")],
        Mixtures = [.. run.Mixtures.Append(Mixture("bam-2")).Select(mixture => mixture with
        {
            Experts = ["seed", "digits", "letters", "words"],
            Data = [new("letters", 0.25), new("digits", 0.25), new("words", 0.5)],
        })],
    };

    public static MixtureSpec Mixture(string name) => new()
    {
        Name = name,
        Steps = MixtureSteps,
        Train = Train,
        Experts = ["seed", "digits", "letters"],
        Data = [new("letters", 0.5), new("digits", 0.5)],
    };

    public static BranchSpec Branch(string name, string domain, string other) =>
        new(name, [new(domain, 0.75), new(other, 0.25)], BranchSteps, Train);

    private static DomainSpec Domain(TemporaryFolder folder, string name, Func<int, string> text)
    {
        var (train, validation) = (folder.At($"{name}.txt"), folder.At($"{name}.val.txt"));
        File.WriteAllText(train, string.Concat(Enumerable.Range(0, 300).Select(text)));
        File.WriteAllText(validation, string.Concat(Enumerable.Range(1000, 60).Select(text)));
        return new DomainSpec(name, [train], [validation]);
    }
}
