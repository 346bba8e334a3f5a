using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Sessions;

namespace Bam.Client.RunFiles;

internal sealed partial class RunFileReader
{
    private static readonly string[] LengthKeys = ["steps", "tokens", "flops"], MixtureLengthKeys = [.. LengthKeys, "match"];

    private static readonly Dictionary<string, bool> Matches = new() { ["data"] = false, ["compute"] = true };

    /// <summary>The length of a dense model in steps; rounded up to whole steps.</summary>
    private static int Steps(YamlSection section, TrainSpec train, ModelConfig model) =>
        Steps(section, LengthKeys, TrainingWork.Of(model, train, Freeze.Nothing)) ?? 1;

    /// <summary>The mixtures with their lengths: first those that state their own, then those that match one of these.</summary>
    private static List<MixtureSpec> WithLengths(List<(YamlSection Section, MixtureSpec Spec)> mixtures, ModelConfig dense)
    {
        var own = mixtures.Where(mixture => !mixture.Section.Has("match") && mixture.Spec.Kind != MixtureKind.Ensemble).ToDictionary(
            mixture => mixture.Spec.Name,
            mixture => Lasting(mixture.Section, mixture.Spec, OwnSteps(mixture.Section, mixture.Spec, dense)));
        return
        [
            .. mixtures.Select(mixture =>
                mixture.Spec.Kind == MixtureKind.Ensemble ? mixture.Spec
                : own.GetValueOrDefault(mixture.Spec.Name)
                    ?? Matched(mixture.Section, mixture.Spec, dense, own, mixtures)),
        ];
    }

    private static int? OwnSteps(YamlSection section, MixtureSpec spec, ModelConfig dense)
    {
        if (section.Has("against")) section.Problem("against", "holds beside match only");
        return Steps(section, MixtureLengthKeys, Work(dense, spec));
    }

    /// <summary>The length that gives this mixture the tokens or the training FLOPs of another, to the nearest step.</summary>
    private static MixtureSpec Matched(
        YamlSection section, MixtureSpec spec, ModelConfig dense, Dictionary<string, MixtureSpec> own,
        List<(YamlSection Section, MixtureSpec Spec)> mixtures)
    {
        if (LengthKeys.FirstOrDefault(section.Has) is { } beside)
            section.Problem("match", $"stands beside {beside}; state one of {Listed(MixtureLengthKeys)}");
        var compute = section.Choice("match", false, Matches);
        if (Rival(section, spec.Name, own, mixtures) is not { } rival) return Lasting(section, spec, null);
        var steps = compute
            ? Work(dense, spec).StepsOf(Work(dense, rival).FlopsOf(rival.Steps))
            : (double)rival.Steps * rival.Train.Batch / spec.Train.Batch;
        return Lasting(
            section, spec with { Match = $"{(compute ? "compute" : "data")} of {rival.Name}" },
            Counted(section, "match", Math.Max(1, Math.Round(steps, MidpointRounding.AwayFromZero))));
    }

    private static TrainingWork Work(ModelConfig dense, MixtureSpec mixture) =>
        TrainingWork.Of(dense.Mixture(mixture), mixture.Train, Freeze.Of(mixture));

    /// <summary>The mixture that another is matched against; null with a problem when there is none.</summary>
    private static MixtureSpec? Rival(
        YamlSection section, string name, Dictionary<string, MixtureSpec> own, List<(YamlSection Section, MixtureSpec Spec)> mixtures)
    {
        if (!section.Has("against"))
        {
            if (own.Count > 0) return own[mixtures.First(mixture => own.ContainsKey(mixture.Spec.Name)).Spec.Name];
            section.Problem("match", "no other mixture states a length of its own; give one of them steps, tokens or flops");
            return null;
        }

        if (section.Text("against") is not { } against) return null;
        if (own.TryGetValue(against, out var rival)) return rival;
        const string Kind = "mixtures with a length of their own";
        var others = own.Count == 0 ? $"; there are no {Kind}" : $" ({Kind}: {string.Join(", ", own.Keys)})";
        section.Problem("against", mixtures.FirstOrDefault(mixture => mixture.Spec.Name == against).Spec switch
        {
            null => $"no such mixture '{against}'{NearestName.Hint(against, Kind, own.Keys)}",
            _ when against == name => $"is this mixture itself{others}",
            { Kind: MixtureKind.Ensemble } => $"'{against}' is an ensemble, which is never trained{others}",
            _ => $"'{against}' has no length of its own{others}",
        });
        return null;
    }

    private static MixtureSpec Lasting(YamlSection section, MixtureSpec spec, int? steps)
    {
        if (steps is { } known && section.Has("frozen_steps") && spec.FrozenSteps > known)
            section.Problem("frozen_steps", $"must be at most {known}, the steps of this mixture, not {spec.FrozenSteps}");
        return spec with { Steps = steps ?? 1, FrozenSteps = Math.Min(spec.FrozenSteps, steps ?? 1) };
    }

    /// <summary>The length in steps, stated as one of the keys; null with a problem when it is not.</summary>
    private static int? Steps(YamlSection section, string[] keys, TrainingWork work)
    {
        var stated = LengthKeys.Where(section.Has).ToList();
        if (stated.Count != 1)
        {
            if (stated.Count > 1)
                section.Problem(stated[1], $"stands beside {stated[0]}; state one of {Listed(keys)}");
            else if (!section.Broken)
                section.Problem("steps", $"is missing; state one of {Listed(keys)}");
            return null;
        }

        return Counted(section, stated[0], stated[0] switch
        {
            "steps" => section.Int("steps", 1),
            "tokens" => Math.Ceiling((double)section.Count("tokens", 1) / work.TokensPerStep),
            _ => Math.Ceiling(work.StepsOf(section.Number("flops", 1, NumberRule.Positive))),
        });
    }

    private static int? Counted(YamlSection section, string key, double steps)
    {
        if (steps <= int.MaxValue) return (int)steps;
        section.Problem(key, $"is {steps:0.###e+0} steps; at most {int.MaxValue} can be counted");
        return null;
    }

    private static string Listed(string[] keys) => $"{string.Join(", ", keys[..^1])} and {keys[^1]}";
}
