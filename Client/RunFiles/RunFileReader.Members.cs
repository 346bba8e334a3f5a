using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Client.RunFiles;

internal sealed partial class RunFileReader
{
    private const int MaxBranches = 256;

    private static readonly Dictionary<string, AttentionMode> Attentions =
        new() { ["soft"] = AttentionMode.Soft, ["averaged"] = AttentionMode.Averaged };

    private static readonly Dictionary<string, KvMode> KvModes = new() { ["experts"] = KvMode.Experts, ["shared"] = KvMode.Shared };

    private SeedModelSpec SeedModel(ModelConfig dense, TrainSpec defaults)
    {
        if (!_root.Require("seed_model")) return new();
        var section = _root.Section("seed_model");
        section.Allow(["checkpoint", "domains", .. LengthKeys, "train"]);
        if (section.Broken) return new();
        if (!section.Has("checkpoint"))
        {
            var train = Train(section, defaults);
            return new() { Domains = Shares(section, "domains"), Steps = Steps(section, train, dense), Train = train };
        }

        foreach (var key in section.Keys.Where(key => key == "domains" || key == "train" || LengthKeys.Contains(key)))
            section.Problem(key, "cannot stand beside checkpoint: that seed model is trained already");
        if (section.Text("checkpoint") is not { } path) return new();
        if (SeedCheckpoint.Problem(path, _folder, dense) is { } problem) section.Problem("checkpoint", problem);
        return new() { Checkpoint = Path.GetFullPath(path.Replace('\0', ' '), _folder) };
    }

    private List<BranchSpec> Branches(ModelConfig dense, TrainSpec defaults, MemberNames names)
    {
        var branches = new List<BranchSpec>();
        if (!_root.Require("branches")) return branches;
        var section = _root.Section("branches");
        if (section is { Broken: false, Keys.Count: 0 }) _root.Problem("branches", "names no branch; state at least one");
        if (section.Keys.Count > MaxBranches)
            _root.Problem("branches", $"names {section.Keys.Count} branches; at most {MaxBranches} can be mixed");
        foreach (var name in section.Keys)
        {
            var branch = Member(section, name, "a branch", names);
            branch.Allow(["domains", .. LengthKeys, "train"]);
            var train = Train(branch, defaults);
            branches.Add(new(name, branch.Broken ? [] : Shares(branch, "domains"), Steps(branch, train, dense), train));
        }

        return branches;
    }

    private List<MixtureSpec> Mixtures(ModelConfig dense, IReadOnlyList<string> experts, IReadOnlyList<DomainShare> data, TrainSpec defaults, MemberNames names)
    {
        var mixtures = new List<MixtureSpec>();
        var section = _root.Section("mixtures");
        if (section.Keys.Count > 0 && experts.Count == 1)
            _root.Problem("mixtures", "a mixture needs two experts; add a branch, or set include_seed_as_expert: true");
        foreach (var name in section.Keys)
        {
            var mixture = Member(section, name, "a mixture", names);
            mixture.Allow(["attention", "kv", "ffn_top_k", "ffn_renormalise", "router_std", .. LengthKeys, "train"]);
            var train = Train(mixture, defaults);
            var spec = new MixtureSpec
            {
                Name = name,
                Attention = mixture.Choice("attention", AttentionMode.Soft, Attentions),
                Kv = mixture.Choice("kv", KvMode.Experts, KvModes),
                FfnTopK = TopK(mixture, experts.Count),
                FfnRenormalise = mixture.Flag("ffn_renormalise", false),
                RouterStd = mixture.Number("router_std", 0.02, NumberRule.NotNegative),
                Steps = 1,
                Train = train,
                Experts = experts,
                Data = data,
            };
            mixtures.Add(spec with { Steps = Steps(mixture, train, dense.Mixture(spec)) });
        }

        return mixtures;
    }

    private static int TopK(YamlSection mixture, int experts)
    {
        var topK = mixture.Int("ffn_top_k", 1);
        if (topK <= experts || experts == 0) return topK;
        mixture.Problem("ffn_top_k", $"must be at most {experts}, the number of experts, not {topK}");
        return 1;
    }

    private static YamlSection Member(YamlSection section, string name, string owner, MemberNames names)
    {
        if (!MemberName().IsMatch(name))
            section.Problem(name, NameRule(name));
        else if (names.Take(name, owner) is { } taken)
            section.Problem(name, taken);
        return section.Section(name);
    }
}
