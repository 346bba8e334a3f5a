using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Client.RunFiles;

internal sealed partial class RunFileReader
{
    private const int MaxBranches = 256, MaxExperts = 256;

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

    private static YamlSection Member(YamlSection section, string name, string owner, MemberNames names)
    {
        if (!MemberName().IsMatch(name))
            section.Problem(name, NameRule(name));
        else if (names.Take(name, owner) is { } taken)
            section.Problem(name, taken);
        return section.Section(name);
    }
}
