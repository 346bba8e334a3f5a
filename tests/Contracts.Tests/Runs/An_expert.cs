using Bam.Contracts.Runs;

namespace Bam.Contracts.Tests.Runs;

/// <summary>The domain that a dense expert stands for.</summary>
public sealed class An_expert
{
    [Fact]
    public void Stands_for_the_largest_share_of_its_data() =>
        Assert.Equal(["general", "law", "code"], new[] { "seed", "law", "coder" }.Select(expert => ExpertDomains.Of(Run, expert)));

    [Fact]
    public void Stands_for_no_domain_when_two_have_the_largest_share() =>
        Assert.Null(ExpertDomains.Of(Run with { Branches = [new("both", [new("law", 0.4), new("code", 0.4), new("general", 0.2)], 1, new())] }, "both"));

    [Fact]
    public void That_the_run_does_not_have_stands_for_no_domain() => Assert.Null(ExpertDomains.Of(Run, "math"));

    [Fact]
    public void That_was_imported_as_the_seed_model_stands_for_the_domain_that_no_branch_has() =>
        Assert.Equal("general", ExpertDomains.Of(Run with { SeedModel = new() { Checkpoint = "/seed" } }, "seed"));

    [Fact]
    public void That_learned_all_domains_alike_as_the_seed_model_stands_for_the_domain_that_no_branch_has() =>
        Assert.Equal("general", ExpertDomains.Of(Run with { SeedModel = new() { Domains = [new("law", 0.5), new("general", 0.5)], Steps = 1 } }, "seed"));

    [Fact]
    public void That_was_imported_as_the_seed_model_stands_for_no_domain_when_several_are_left_or_none()
    {
        var imported = Run with { SeedModel = new() { Checkpoint = "/seed" } };
        var several = imported with { Branches = [imported.Branches[0]] };
        var none = imported with { Domains = [.. imported.Domains.Skip(1)] };

        Assert.Equal((null, null), (ExpertDomains.Of(several, "seed"), ExpertDomains.Of(none, "seed")));
        Assert.Equal(["general", "code"], ExpertDomains.LeftOver(several));
        Assert.Empty(ExpertDomains.LeftOver(none));
    }

    private static RunSpec Run => new()
    {
        Name = "run",
        Model = new() { Layers = 1, Width = 8, Heads = 1, KvHeads = 1, Ffn = 8, Context = 8 },
        Domains = [new("general", ["g"], []), new("law", ["l"], []), new("code", ["c"], [])],
        SeedModel = new() { Domains = [new("law", 0.2), new("general", 0.8)], Steps = 1 },
        Branches = [new("law", [new("law", 0.9), new("general", 0.1)], 1, new()), new("coder", [new("general", 0.1), new("code", 0.9)], 1, new())],
        Mixtures = [],
    };
}
