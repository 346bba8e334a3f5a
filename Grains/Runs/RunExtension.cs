using Bam.Contracts.Runs;

namespace Bam.Grains.Runs;

/// <summary>
/// What a run file adds to a run of its name. New domains, branches and mixtures come beside the old ones; whatever decides over the
/// weights of an old model must be as it was. How often to save and what to evaluate may change.
/// </summary>
/// <param name="Spec">The run with the additions: the file's, but for old mixtures, which stay as they were built.</param>
/// <param name="Added">What is new, in words.</param>
/// <param name="Kept">Old mixtures to which the file gives new experts or domains; they go without.</param>
internal sealed record RunExtension(RunSpec Spec, IReadOnlyList<string> Added, IReadOnlyList<string> Kept)
{
    /// <summary>Compares a run with a file.</summary>
    /// <param name="known">The run.</param>
    /// <param name="last">The file that it was launched or extended with last.</param>
    /// <param name="asked">The file.</param>
    /// <returns>The extension; or, in words, the first thing that keeps the file from being one.</returns>
    public static (RunExtension? Extension, string? Difference) Of(RunSpec known, RunSpec last, RunSpec asked)
    {
        var domains = New(known.Domains, asked.Domains, domain => domain.Name);
        var branches = New(known.Branches, asked.Branches, branch => branch.Name);
        var mixtures = New(known.Mixtures, asked.Mixtures, mixture => mixture.Name);
        IEnumerable<string?> differences =
        [
            RunSpecs.Difference(new { known.Seed, known.Tokenizer }, new { asked.Seed, asked.Tokenizer }) is { } top ? $"the run has other {top}" : null,
            Other("model", known.Model, asked.Model),
            Other("seed_model", known.SeedModel, asked.SeedModel),
            .. known.Domains.Select(old => Other($"domain '{old.Name}'", old, asked.Domains.FirstOrDefault(domain => domain.Name == old.Name))),
            .. known.Branches.Select(old => Other($"branch '{old.Name}'", old, asked.Branches.FirstOrDefault(branch => branch.Name == old.Name))),
            .. known.Mixtures.Select(old => asked.Mixtures.FirstOrDefault(mixture => mixture.Name == old.Name) is { } mixture
                ? OtherMixture(old, last.Mixtures.Single(mixture => mixture.Name == old.Name), mixture, branches, domains)
                : Missing($"mixture '{old.Name}'")),
        ];
        if (differences.Concat(asked.Mixtures.Where(mixture => mixtures.Contains(mixture.Name)).Select(mixture => WrongMatch(mixture, known, asked)))
            .FirstOrDefault(difference => difference is not null) is { } difference)
            return (null, difference);
        var kept = known.Mixtures.ToDictionary(mixture => mixture.Name);
        return (new RunExtension(
            asked with { Mixtures = [.. asked.Mixtures.Select(mixture => kept.GetValueOrDefault(mixture.Name, mixture))] },
            [
                .. domains.Select(name => $"domain {name}"), .. branches.Select(name => $"branch {name}"), .. mixtures.Select(name => $"mixture {name}"),
                .. RunSpecs.AreEqual(known.Checkpoints, asked.Checkpoints) ? Array.Empty<string>() : ["checkpoints"],
                .. RunSpecs.AreEqual(known.Evaluate, asked.Evaluate) ? Array.Empty<string>() : ["evaluate"],
                .. RunSpecs.AreEqual(known.Limits, asked.Limits) ? Array.Empty<string>() : ["limits"],
            ],
            [.. asked.Mixtures.Where(mixture => kept.TryGetValue(mixture.Name, out var old) && !RunSpecs.AreEqual(old, mixture)).Select(mixture => mixture.Name)]), null);
    }

    /// <summary><c>domain medicine, branch medicine, mixture bam-2; bam, btx keep their experts and data</c>.</summary>
    public override string ToString() => string.Join(", ", Added) + Kept.Count switch
    {
        0 => "",
        1 => $"; {Kept[0]} keeps its experts and data",
        _ => $"; {string.Join(", ", Kept)} keep their experts and data",
    };

    private static HashSet<string> New<T>(IEnumerable<T> known, IEnumerable<T> asked, Func<T, string> name) =>
        [.. asked.Select(name).Except(known.Select(name))];

    private static string? Other<T>(string what, T known, T? asked)
        where T : class => asked is null ? Missing(what) : RunSpecs.Difference(known, asked) is { } difference ? $"{what} has other {difference}" : null;

    /// <summary>A new mixture's length was counted from the file, where an old one may have grown experts that it will not get.</summary>
    private static string? WrongMatch(MixtureSpec added, RunSpec known, RunSpec asked) =>
        known.Mixtures.FirstOrDefault(old => added.Match == $"compute of {old.Name}") is { } old
        && !asked.Mixtures.Single(mixture => mixture.Name == old.Name).Experts.SequenceEqual(old.Experts)
            ? $"mixture '{added.Name}' matches '{old.Name}', which keeps its experts; name them there: [{string.Join(", ", old.Experts)}]"
            : null;

    private static string Missing(string what) => $"{what} is missing";

    /// <summary>
    /// A mixture that names no experts has all, and its data all domains; so both lists of an old one have grown in the file. It may also
    /// stand there with the experts that it was built from.
    /// </summary>
    private static string? OtherMixture(MixtureSpec known, MixtureSpec last, MixtureSpec asked, HashSet<string> branches, HashSet<string> domains)
    {
        var keepsExperts = asked.Experts.SequenceEqual(known.Experts) || asked.Experts.Where(name => !branches.Contains(name)).SequenceEqual(last.Experts);
        var keepsData = RunSpecs.AreEqual(known.Data, asked.Data) || RunSpecs.AreEqual(last.Data, asked.Data)
            || (Names(asked.Data).Any(domains.Contains) && Names(asked.Data).Where(name => !domains.Contains(name)).SequenceEqual(Names(last.Data)));
        var isMatched = known.Match is not null && known.Match == asked.Match;
        var isSoft = known.FfnTopK == known.Experts.Count && asked.FfnTopK == asked.Experts.Count;
        var difference = Other($"mixture '{known.Name}'", known, asked with
        {
            Experts = keepsExperts ? known.Experts : asked.Experts,
            Data = keepsData ? known.Data : asked.Data,
            FfnTopK = isSoft ? known.FfnTopK : asked.FfnTopK,
            // What it was matched to may have grown in the file; it was built with what it was then.
            Steps = isMatched ? known.Steps : asked.Steps,
            FrozenSteps = isMatched ? known.FrozenSteps : asked.FrozenSteps,
        });
        return difference is null || asked.Experts.SequenceEqual(known.Experts)
            ? difference
            : $"{difference}; to keep it as it is, name its experts: [{string.Join(", ", known.Experts)}]";
    }

    private static IEnumerable<string> Names(IEnumerable<DomainShare> data) => data.Select(share => share.Domain);
}
