using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Client.RunFiles;

internal sealed partial class RunFileReader
{
    private static readonly string[] ExpertKeys =
    [
        "experts", "attention", "attention_renormalise", "kv", "ffn_top_k", "ffn_renormalise", "router_init", "router_std", "router_scale",
        "rescale_ffn", "ffn_reinitialise", "frozen", "frozen_steps",
    ];

    private static readonly string[] TrainingKeys = [.. MixtureLengthKeys, "against", "train"];

    private static readonly Dictionary<string, AttentionMode> Attentions = new()
    {
        ["soft"] = AttentionMode.Soft,
        ["top_1"] = AttentionMode.Top1,
        ["top_2"] = AttentionMode.Top2,
        ["averaged"] = AttentionMode.Averaged,
        ["seed"] = AttentionMode.Seed,
    };

    private static readonly Dictionary<string, KvMode> KvModes = new() { ["experts"] = KvMode.Experts, ["shared"] = KvMode.Shared };

    private static readonly Dictionary<string, RouterInit> RouterInits =
        new() { ["random"] = RouterInit.Random, ["ridge"] = RouterInit.Ridge };

    private static readonly Dictionary<string, FrozenParts> Frozen = new()
    {
        ["none"] = FrozenParts.None,
        ["experts"] = FrozenParts.Experts,
        ["all_but_routers"] = FrozenParts.AllButRouters,
    };

    private YamlSection MixturesSection => field ??= _root.Section("mixtures");

    /// <param name="dense">Shape of the dense models.</param>
    /// <param name="models">The dense models: <c>seed</c> and the branches.</param>
    /// <param name="includeSeed">Whether the seed model is an expert of a mixture that names none.</param>
    /// <param name="data">Data of every mixture.</param>
    /// <param name="defaults">How they are trained.</param>
    /// <param name="names">The run's names.</param>
    private List<MixtureSpec> Mixtures(
        ModelConfig dense, IReadOnlyList<string> models, bool includeSeed, IReadOnlyList<DomainShare> data, TrainSpec defaults,
        MemberNames names)
    {
        IReadOnlyList<string> experts = includeSeed ? models : [.. models.Skip(1)];
        var mixtures = MixturesSection.Keys
            .Select(name => (Section: Member(MixturesSection, name, "a mixture", names), Name: name)).ToList();
        if (experts.Count == 1 && mixtures.Any(mixture => !mixture.Section.Has("dense") && !mixture.Section.Has("experts")))
            _root.Problem("mixtures", "a mixture needs two experts; add a branch, or set include_seed_as_expert: true");
        return WithLengths(
            [.. mixtures.Select(mixture => (mixture.Section, Mixture(mixture.Section, mixture.Name) with { Data = data }))], dense);

        MixtureSpec Mixture(YamlSection section, string name)
        {
            section.Allow([.. ExpertKeys, .. TrainingKeys, "dense", "ensemble"]);
            if (section.Has("dense")) return Dense(section, name, models, defaults);
            return section.Flag("ensemble", false)
                ? Ensemble(section, name, Experts(section, experts, models), defaults)
                : Upcycled(section, name, Experts(section, experts, models), defaults);
        }
    }

    private static MixtureSpec Upcycled(YamlSection section, string name, IReadOnlyList<string> experts, TrainSpec defaults)
    {
        var attention = section.Choice("attention", AttentionMode.Soft, Attentions);
        var routers = section.Choice("router_init", RouterInit.Random, RouterInits);
        var frozen = section.Choice("frozen", FrozenParts.None, Frozen);
        Only(section, "attention_renormalise", attention is AttentionMode.Top1 or AttentionMode.Top2, "attention: top_1 and top_2 only");
        Only(section, "kv", attention is AttentionMode.Soft or AttentionMode.Top1 or AttentionMode.Top2, "attention: soft, top_1 and top_2 only");
        Only(section, "router_std", routers == RouterInit.Random, "router_init: random only");
        Only(section, "router_scale", routers == RouterInit.Ridge, "router_init: ridge only");
        Only(section, "frozen_steps", frozen != FrozenParts.None, "frozen: experts and all_but_routers only");
        var defaultSpec = new MixtureSpec { Name = name, Steps = 1 };
        return defaultSpec with
        {
            Experts = experts,
            Attention = attention,
            AttentionRenormalise = section.Flag("attention_renormalise", false),
            Kv = section.Choice("kv", KvMode.Experts, KvModes),
            FfnTopK = TopK(section, experts.Count),
            FfnRenormalise = section.Flag("ffn_renormalise", false),
            RouterInit = routers,
            RouterStd = section.Number("router_std", defaultSpec.RouterStd, NumberRule.NotNegative),
            RouterScale = section.Number("router_scale", defaultSpec.RouterScale, NumberRule.Positive),
            RescaleFfn = section.Flag("rescale_ffn", false),
            FfnReinitialise = section.Number("ffn_reinitialise", 0, NumberRule.BelowOne),
            Frozen = frozen,
            FrozenSteps = frozen == FrozenParts.None ? 0 : section.Int("frozen_steps", int.MaxValue),
            Train = Train(section, defaults),
        };
    }

    private static MixtureSpec Dense(YamlSection section, string name, IReadOnlyList<string> models, TrainSpec defaults)
    {
        Refuse(section, [.. ExpertKeys, "ensemble"], "cannot stand beside dense: one dense model has neither experts nor routers");
        return new()
        {
            Name = name,
            Kind = MixtureKind.Dense,
            Experts = Known(section, "dense", section.Text("dense") is { } model ? [model] : [], models),
            Steps = 1,
            Train = Train(section, defaults),
        };
    }

    private static MixtureSpec Ensemble(YamlSection section, string name, IReadOnlyList<string> experts, TrainSpec defaults)
    {
        Refuse(
            section, [.. ExpertKeys.Except(["experts"]), .. TrainingKeys],
            "cannot stand beside ensemble: dense models side by side have no routers and are not trained");
        return new() { Name = name, Kind = MixtureKind.Ensemble, Experts = experts, Steps = 0, Train = defaults };
    }

    private static IReadOnlyList<string> Experts(YamlSection section, IReadOnlyList<string> defaults, IReadOnlyList<string> models)
    {
        if (!section.Has("experts")) return defaults;
        var stated = section.Texts("experts");
        if (stated.Count == 1) section.Problem("experts", $"names one expert; two are needed (dense models: {string.Join(", ", models)})");
        if (stated.Count > MaxExperts) section.Problem("experts", $"names {stated.Count} experts; at most {MaxExperts} can be mixed");
        return Known(section, "experts", stated, models);
    }

    private static List<string> Known(YamlSection section, string key, IReadOnlyList<string> stated, IReadOnlyList<string> models)
    {
        foreach (var unknown in stated.Except(models))
            section.Problem(key, $"no such dense model '{unknown}'{NearestName.Hint(unknown, "dense models", models)}");
        return [.. stated.Where(models.Contains)];
    }

    /// <summary>A number of experts, or <c>soft</c> for all of them.</summary>
    private static int TopK(YamlSection mixture, int experts)
    {
        if (mixture.Node("ffn_top_k") is YamlScalar { Text: "soft" }) return Math.Max(1, experts);
        if (mixture.Node("ffn_top_k") is YamlScalar { Plain: true } scalar && !Quantity.TryCount(scalar.Text, out _))
        {
            mixture.Problem("ffn_top_k", $"must be a whole number or soft, not {scalar.Kind}");
            return 1;
        }

        var topK = mixture.Int("ffn_top_k", 1);
        if (topK <= experts || experts == 0) return topK;
        mixture.Problem("ffn_top_k", $"must be at most {experts}, the number of experts, not {topK}");
        return 1;
    }

    private static void Only(YamlSection section, string key, bool holds, string when)
    {
        if (!holds && section.Has(key)) section.Problem(key, $"holds with {when}");
    }

    private static void Refuse(YamlSection section, IEnumerable<string> keys, string why)
    {
        foreach (var key in keys.Where(section.Has)) section.Problem(key, why);
    }

    /// <summary>A regression on domains needs a domain of its own for every expert.</summary>
    private void CheckRidge(RunSpec spec)
    {
        // Data that could not be read was reported; it says nothing about domains.
        if (spec.Branches.Any(branch => branch.Domains.Count == 0) || spec.SeedModel is { Checkpoint: null, Domains.Count: 0 }) return;
        foreach (var mixture in spec.Mixtures.Where(mixture => mixture.RouterInit == RouterInit.Ridge))
        {
            var domains = mixture.Experts.Distinct().Select(expert => (Expert: expert, Domain: ExpertDomains.Of(spec, expert))).ToList();
            foreach (var (expert, _) in domains.Where(pair => pair.Domain is null))
            {
                Problem(mixture, expert == SeedModelSpec.MemberName
                    ? HomelessSeed(spec)
                    : $"the branch '{expert}' has no largest domain; change its shares, or use router_init: random");
            }

            foreach (var twins in mixture.Experts.GroupBy(expert => expert).Where(twins => twins.Count() > 1))
                Problem(mixture, $"{twins.Key} is listed {twins.Count()} times and would get equal routers, which choose only the first; list it once, or use router_init: random");

            foreach (var twins in domains.Where(pair => pair.Domain is not null).GroupBy(pair => pair.Domain))
            {
                if (twins.Count() == 1) continue;
                Problem(
                    mixture, $"{string.Join(" and ", twins.Select(pair => pair.Expert))} stand for one domain, {twins.Key}; " +
                    "name one of them in experts, or use router_init: random");
            }
        }

        void Problem(MixtureSpec mixture, string problem) => MixturesSection.Section(mixture.Name).Problem("router_init", problem);
    }

    private static string HomelessSeed(RunSpec spec)
    {
        var left = ExpertDomains.LeftOver(spec);
        return $"no one domain is the seed model's (no branch has: {(left.Count == 0 ? "none" : string.Join(", ", left))}); " +
            "set include_seed_as_expert: false, name experts without seed, or use router_init: random";
    }
}
