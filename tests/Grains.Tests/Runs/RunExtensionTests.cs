using Bam.Contracts.Runs;
using Bam.Grains.Runs;
using Bam.Grains.Tests.Clusters;

namespace Bam.Grains.Tests.Runs;

public sealed class RunExtensionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunSpec _run, _extended;

    public RunExtensionTests()
    {
        _run = TinyRun.In("run", _folder);
        _extended = TinyRun.Extended(_run, _folder);
    }

    /// <summary>Files that are no extension of the tiny run, and what is said of them.</summary>
    public static TheoryData<string, Func<RunSpec, RunSpec>> Refused => new()
    {
        { "the run has other seed (4, was 3)", run => run with { Seed = 4 } },
        { "the run has other tokenizer (cl100k_base, was bytes)", run => run with { Tokenizer = "cl100k_base" } },
        { "model has other kv_heads (4, was 2)", run => run with { Model = run.Model with { KvHeads = 4 } } },
        { "seed_model has other checkpoint (/x, was none)", run => run with { SeedModel = run.SeedModel with { Checkpoint = "/x" } } },
        { "seed_model has other steps (17, was 16)", run => run with { SeedModel = run.SeedModel with { Steps = 17 } } },
        { "domain 'digits' is missing", run => run with { Domains = [.. run.Domains.Where(domain => domain.Name != "digits")] } },
        { "domain 'letters' has other validation", run => run with { Domains = [run.Domains[0] with { Validation = ["/x"] }, .. run.Domains.Skip(1)] } },
        { "branch 'digits' is missing", run => run with { Branches = [.. run.Branches.Skip(1)] } },
        { "branch 'digits' has other steps (25, was 24)", run => run with { Branches = [run.Branches[0] with { Steps = 25 }, .. run.Branches.Skip(1)] } },
        {
            "branch 'digits' has other warmup (4, was 3)",
            run => run with { Branches = [run.Branches[0] with { Train = run.Branches[0].Train with { Warmup = 4 } }, .. run.Branches.Skip(1)] }
        },
        { "mixture 'bam' is missing", run => run with { Mixtures = [.. run.Mixtures.Skip(1)] } },
        { "mixture 'bam' has other kv (shared, was experts)", run => Bam(run, bam => bam with { Kv = KvMode.Shared }) },
        { "mixture 'bam' has other steps (29, was 28)", run => Bam(run, bam => bam with { Experts = ["seed", "digits", "letters"], Steps = 29 }) },
        {
            "mixture 'bam' has other experts; to keep it as it is, name its experts: [seed, digits, letters]",
            run => Bam(run, bam => bam with { Experts = ["seed", "letters", "digits"] })
        },
        {
            "mixture 'bam' has other experts; to keep it as it is, name its experts: [seed, digits, letters]",
            run => Bam(run, bam => bam with { Experts = ["seed", "digits", "letters", "seed"] })
        },
        { "mixture 'bam' has other data", run => Bam(run, bam => bam with { Experts = ["seed", "digits", "letters"], Data = [new("letters", 0.75), new("digits", 0.25)] }) },
    };

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Refused))]
    public void What_was_there_must_be_as_it_was(string difference, Func<RunSpec, RunSpec> change)
    {
        Assert.Equal(difference, RunExtension.Of(_run, _run, change(_run)).Difference);
        Assert.StartsWith(difference, RunExtension.Of(_run, _run, change(_extended)).Difference, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_file_adds_nothing_in_whatever_order_it_stands()
    {
        Assert.Empty(Extension(_run, _run, TinyRun.In("run", _folder)).Added);
        Assert.Empty(Extension(_run, _run, _run with { Domains = [.. _run.Domains.Reverse()], Branches = [.. _run.Branches.Reverse()] }).Added);
    }

    [Fact]
    public void What_is_new_is_named_and_old_mixtures_stay_as_they_were_built()
    {
        var extension = Extension(_run, _run, _extended);

        Assert.Equal("domain words, branch words, mixture bam-2; bam keeps its experts and data", extension.ToString());
        AssertEqual(_extended with { Mixtures = [_run.Mixtures[0], _extended.Mixtures[1]] }, extension.Spec);
    }

    [Fact]
    public void The_extended_file_again_adds_nothing_and_the_first_one_is_refused()
    {
        var extended = Extension(_run, _run, _extended).Spec;

        Assert.Empty(Extension(extended, _extended, _extended).Added);
        Assert.Empty(Extension(extended, _extended, extended).Added);
        Assert.Equal("domain 'words' is missing", RunExtension.Of(extended, _extended, _run).Difference);
    }

    [Fact]
    public void A_second_extension_keeps_the_mixtures_of_both()
    {
        var extended = Extension(_run, _run, _extended).Spec;
        var second = _extended with
        {
            Domains = [.. _extended.Domains, new DomainSpec("music", ["/music"], [])],
            Branches = [TinyRun.Branch("music", "music", "letters"), .. _extended.Branches],
            Mixtures = [.. _extended.Mixtures.Select(mixture => mixture with
            {
                Experts = ["seed", "music", .. mixture.Experts.Skip(1)],
                Data = [new("letters", 0.125), new("digits", 0.125), new("words", 0.25), new("music", 0.5)],
            })],
        };

        var extension = Extension(extended, _extended, second);
        Assert.Equal("domain music, branch music; bam, bam-2 keep their experts and data", extension.ToString());
        AssertEqual(extended.Mixtures, extension.Spec.Mixtures);

        var pinned = Bam(second, bam => bam with { Experts = extended.Mixtures[0].Experts });
        AssertEqual(extended.Mixtures, Extension(extended, _extended, pinned).Spec.Mixtures);
    }

    [Fact]
    public void A_mixture_whose_tokens_use_all_experts_still_does_when_the_file_has_more()
    {
        var run = Bam(_run, bam => bam with { FfnTopK = 3 });
        var extended = TinyRun.Extended(run, run.Domains[0] with { Name = "words" });

        Assert.Equal(3, Extension(run, run, Bam(extended, bam => bam with { FfnTopK = 4 })).Spec.Mixtures[0].FfnTopK);
        Assert.Equal(3, Extension(run, run, extended).Spec.Mixtures[0].FfnTopK);
        Assert.StartsWith("mixture 'bam' has other ffn_top_k (2, was 3)",
            RunExtension.Of(run, run, Bam(extended, bam => bam with { FfnTopK = 2 })).Difference, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mixture_that_was_matched_keeps_its_length_when_what_it_was_matched_to_has_grown()
    {
        MixtureSpec Matched(MixtureSpec mixture, int steps) => mixture with { Match = "compute of other", Steps = steps, Frozen = FrozenParts.Experts, FrozenSteps = steps };
        var run = Bam(_run, bam => Matched(bam, 20));
        var file = Bam(_extended, bam => Matched(bam, 26));

        Assert.Equal(20, Extension(run, run, file).Spec.Mixtures.Single(mixture => mixture.Name == "bam").Steps);
        Assert.Equal(
            "mixture 'bam' has other steps (26, was 20)",
            RunExtension.Of(run, run, Bam(run, bam => bam with { Match = null, Steps = 26 })).Difference);
    }

    [Fact]
    public void A_new_mixture_cannot_match_the_compute_of_one_that_keeps_fewer_experts_than_the_file_gives_it()
    {
        RunSpec With(RunSpec run) => run with { Mixtures = [.. run.Mixtures, TinyRun.Mixture("matched") with { Match = "compute of bam" }] };

        Assert.Equal(
            "mixture 'matched' matches 'bam', which keeps its experts; name them there: [seed, digits, letters]",
            RunExtension.Of(_run, _run, With(_extended)).Difference);
        Assert.Contains("mixture matched", Extension(_run, _run, With(Bam(_extended, bam => bam with { Experts = ["seed", "digits", "letters"] }))).Added);
    }

    [Fact]
    public void How_often_to_save_and_what_to_evaluate_may_change()
    {
        var extension = Extension(_run, _run, _run with { Checkpoints = new(Every: 5, Keep: 2), Evaluate = new(0, 100) });

        Assert.Equal("checkpoints, evaluate", extension.ToString());
        Assert.Equal((5, 100), (extension.Spec.Checkpoints.Every, extension.Spec.Evaluate.Tokens));
    }

    private static RunSpec Bam(RunSpec run, Func<MixtureSpec, MixtureSpec> change) => run with { Mixtures = [change(run.Mixtures[0]), .. run.Mixtures.Skip(1)] };

    private static RunExtension Extension(RunSpec known, RunSpec last, RunSpec asked)
    {
        var (extension, difference) = RunExtension.Of(known, last, asked);
        Assert.Null(difference);
        return extension!;
    }

    private static void AssertEqual<T>(T expected, T actual) =>
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(expected), System.Text.Json.JsonSerializer.Serialize(actual));
}
