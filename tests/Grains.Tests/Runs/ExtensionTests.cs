using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Grains.Tests.Clusters;
using static Bam.Grains.Tests.Clusters.TrainingCluster;

namespace Bam.Grains.Tests.Runs;

/// <summary>A third domain, its branch and a mixture of four for a run that has completed with a mixture of three.</summary>
public sealed class ExtensionTests
{
    private static readonly string[] Old = ["seed", "digits", "letters", "bam"];

    [Fact]
    public async Task An_extended_run_trains_what_is_new_and_evaluates_every_model_on_every_domain()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        using var totals = new MetricTotals("grown");
        var (run, file, before) = await Complete(cluster, "grown");
        var answer = await cluster.Launch(file);
        Assert.Equal((LaunchOutcome.Extended, "domain words, branch words, mixture bam-2; bam keeps its experts and data"), (answer.Outcome, answer.Detail));
        Assert.Null(Assert.Single(await cluster.Runs()).Ended);

        var ended = await cluster.UntilEnded("grown");

        AssertExtended(ended);
        Assert.All(ended.Members, member => Assert.Equal((Old.Contains(member.Name) ? 2 : 1, 0, null), (member.Attempt, member.Restarts, member.Error)));
        foreach (var old in before.Members)
        {
            var now = Of(ended, old.Name);
            Assert.Equal((old.CheckpointFolder, old.Step, old.Tokens, old.Flops, old.Loss), (now.CheckpointFolder, now.Step, now.Tokens, now.Flops, now.Loss));
            Assert.Equal(old.Step, totals.Sum("bam.steps", old.Name));   // over both launches
        }

        Assert.All(before.Evaluations, old => Assert.Equal(old.Nll, ended.Evaluations.Single(now => (now.Model, now.Domain) == (old.Model, old.Domain)).Nll));
        Assert.Equal(TinyRun.BranchSteps, totals.Sum("bam.steps", "words"));
        Assert.Empty(new[] { "bam.restarts", "bam.steps_lost", "bam.recovery.duration" }.Intersect(totals.Names));
        Assert.All(await cluster.Devices(), device => Assert.Null(device.Holder));
        var events = (await cluster.Events("grown")).SkipWhile(line => line.Kind != RunEventKind.Extended).ToArray();
        Assert.Equal(Old, events.Where(line => line.Kind == RunEventKind.Resumed && line.Text.Contains("evaluated again", StringComparison.Ordinal))
            .Select(line => line.Member).OrderBy(name => Array.IndexOf(Old, name)));
        Assert.Equal(["words", "bam-2"], events.Where(line => line.Kind == RunEventKind.Started).Select(line => line.Member));
        var mixed = Assert.Single(events, line => line.Kind == RunEventKind.Mixed);
        Assert.StartsWith("4 experts (seed, digits, letters, words): ", mixed.Text, StringComparison.Ordinal);
        Assert.Equal(RunEventKind.Ended, events[^1].Kind);
        Assert.NotNull(Assert.Single(await cluster.Runs()).Ended);

        Assert.Equal(LaunchOutcome.AlreadyLaunched, (await cluster.Launch(file)).Outcome);
        var original = await cluster.Launch(run);
        Assert.Equal((LaunchOutcome.NameTaken, "domain 'words' is missing"), (original.Outcome, original.Detail));
        Assert.Equal(ended.Ended, (await cluster.Status("grown"))!.Ended);
    }

    [Theory]
    [InlineData("words")]
    [InlineData("bam-2")]
    public async Task A_silo_that_dies_during_the_extension_changes_no_bit_of_its_end(string member)
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        var name = $"grown-{member}";
        var (_, file, _) = await Complete(cluster, name);
        using var totals = new MetricTotals(name);
        await cluster.Launch(file);
        var held = await cluster.HoldBeyondStep8(name, member);

        await cluster.Kill(Silo(held));
        cluster.Pace.Release();
        var ended = await cluster.UntilEnded(name);

        AssertExtended(ended);
        Assert.Equal((2, 1), (Of(ended, member).Attempt, Of(ended, member).Restarts));
        Assert.Equal(1, totals.Sum("bam.restarts", member, "lost"));
        Assert.All(Old, old => Assert.Equal(0, totals.Sum("bam.steps", old)));
        Assert.Equal(LaunchOutcome.AlreadyLaunched, (await cluster.Launch(file)).Outcome);
    }

    [Fact]
    public async Task A_coordinator_that_is_activated_again_in_every_phase_of_the_extension_evaluates_each_old_model_once()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        var (_, file, _) = await Complete(cluster, "headless");
        using var totals = new MetricTotals("headless");
        await cluster.Launch(file);
        foreach (var phase in new[] { RunPhase.Seed, RunPhase.Branch, RunPhase.Gather, RunPhase.Mix, RunPhase.Continue, RunPhase.Evaluate })
        {
            await cluster.Until("headless", status => status.Phase >= phase);
            await cluster.Deactivate(cluster.Coordinator("headless"));
        }

        var ended = await cluster.UntilEnded("headless");

        AssertExtended(ended);
        Assert.All(ended.Members, member => Assert.Equal((Old.Contains(member.Name) ? 2 : 1, 0), (member.Attempt, member.Restarts)));
        Assert.DoesNotContain("bam.restarts", totals.Names);
    }

    [Fact]
    public async Task A_domain_alone_is_an_extension_too_and_so_is_another_measure()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        var (run, file, before) = await Complete(cluster, "measured");
        var wider = run with { Domains = file.Domains, Evaluate = run.Evaluate with { Tokens = 100 } };
        Assert.Equal("domain words, evaluate", (await cluster.Launch(wider)).Detail);

        var ended = await cluster.UntilEnded("measured");

        Assert.Equal(before.Members.Select(member => member.CheckpointHash), ended.Members.Select(member => member.CheckpointHash));
        Assert.Equal(4 * 3, ended.Evaluations.Count);
        Assert.All(before.Evaluations, evaluation => Assert.InRange(evaluation.Tokens, 101, 200));
        Assert.All(ended.Evaluations, evaluation => Assert.InRange(evaluation.Tokens, 1, 100));
        Assert.Single(await cluster.Events("measured"), line => line.Kind == RunEventKind.Mixed);
    }

    [Fact]
    public async Task A_run_that_goes_on_or_was_cancelled_takes_nothing_and_a_refused_file_changes_nothing()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        cluster.Pace.HoldOn(_ => true);
        var run = TinyRun.In("early", cluster.Folder);
        var file = TinyRun.Extended(run, cluster.Folder);
        await cluster.Launch(run);

        var early = await cluster.Launch(file);
        Assert.Equal(
            (LaunchOutcome.NameTaken, "only a completed run can take domain words, branch words, mixture bam-2: it goes on; wait for its end"),
            (early.Outcome, early.Detail));
        Assert.Equal("branch 'digits' has other steps (7, was 24)",
            (await cluster.Launch(file with { Branches = [run.Branches[0] with { Steps = 7 }, .. file.Branches.Skip(1)] })).Detail);
        Assert.Equal(Old, (await cluster.Status("early"))!.Members.Select(member => member.Name));

        await cluster.Cancel("early");
        var late = await cluster.Launch(file);
        Assert.Equal(LaunchOutcome.NameTaken, late.Outcome);
        Assert.EndsWith(": it was cancelled; take that up first, with 'bam retry'", late.Detail, StringComparison.Ordinal);
        Assert.Equal(Old, (await cluster.Status("early"))!.Members.Select(member => member.Name));
    }

    private static async Task<(RunSpec Run, RunSpec File, RunStatus Status)> Complete(TrainingCluster cluster, string name)
    {
        var run = TinyRun.In(name, cluster.Folder);
        await cluster.Launch(run);
        var ended = await cluster.UntilEnded(name);
        Assert.Equal(RunPhase.Completed, ended.Phase);
        return (run, TinyRun.Extended(run, cluster.Folder), ended);
    }

    private static void AssertExtended(RunStatus ended)
    {
        Assert.Equal((RunPhase.Completed, null), (ended.Phase, ended.Error));
        Assert.Equal(["seed", "digits", "letters", "words", "bam", "bam-2"], ended.Members.Select(member => member.Name));
        Assert.Equal(UndisturbedRun.ExtendedHashes, ended.Members.ToDictionary(member => member.Name, member => member.CheckpointHash!));
        Assert.Equal(
            [.. from member in ended.Members from domain in new[] { "letters", "digits", "words" } select (member.Name, domain)],
            ended.Evaluations.Select(evaluation => (evaluation.Model, evaluation.Domain)));
        Assert.Equal(["seed", "digits", "letters"], ended.Evaluations.First(evaluation => evaluation.Model == "bam").Experts);
        Assert.Equal(["seed", "digits", "letters", "words"], ended.Evaluations.First(evaluation => evaluation.Model == "bam-2").Experts);
        Assert.Empty(ended.Evaluations.First(evaluation => evaluation.Model == "words").Experts);
    }
}
