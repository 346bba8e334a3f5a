using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Grains.Tests.Clusters;
using Bam.Training.Checkpoints;
using static Bam.Grains.Tests.Clusters.TrainingCluster;

namespace Bam.Grains.Tests.Runs;

public sealed class MixtureTests
{
    [Fact]
    public async Task A_mixture_is_built_from_the_experts_it_lists_warns_of_twins_and_is_told_their_folders_in_order()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        var run = TinyRun.In("listed", cluster.Folder);
        await cluster.Launch(run with
        {
            Branches = [run.Branches[0] with { Steps = 0 }, run.Branches[1]],   // digits stays the seed model
            Mixtures = [TinyRun.Mixture("bam") with { Experts = ["letters", "seed", "letters", "digits"] }],
            Checkpoints = new CheckpointSpec(Every: 4, Keep: 100),
        });

        var ended = await cluster.UntilEnded("listed");

        Assert.Equal(RunPhase.Completed, ended.Phase);
        var mixed = (await cluster.Events("listed")).Where(line => line.Kind == RunEventKind.Mixed).ToArray();
        var (built, _) = MemberStore.Verify(cluster.Checkpoint("listed", "bam", 0));
        Assert.All(mixed, line => Assert.Equal("bam", line.Member));
        Assert.Equal($"4 experts (letters, seed, letters, digits): {built!.ModelSha256[..12]}", mixed[0].Text);
        Assert.Contains(mixed, line => line.Text.StartsWith("warning: seed and digits have the same weights", StringComparison.Ordinal));
        Assert.Equal(["letters", "seed", "letters", "digits"], built.Config.ExpertNames);
        var letters = new NamedCheckpoint("letters", Of(ended, "letters").CheckpointFolder!);
        Assert.Equal(
            [letters, new("seed", Of(ended, "seed").CheckpointFolder!), letters, new("digits", Of(ended, "digits").CheckpointFolder!)],
            cluster.Assignments["bam"].Experts);
        Assert.All(["seed", "digits", "letters"], name => Assert.Empty(cluster.Assignments[name].Experts));
    }

    [Fact]
    public async Task An_ensemble_is_never_mixed_and_ends_without_a_checkpoint()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        var run = TinyRun.In("side-by-side", cluster.Folder);
        var ensemble = new MixtureSpec { Name = "btm", Kind = MixtureKind.Ensemble, Steps = 0, Experts = ["digits", "letters"], Data = run.Mixtures[0].Data };
        Evaluation[] measured = [new("btm", "letters", 199, 1.5, 2), new("btm", "digits", 199, 1.25, 2)];
        cluster.Answers = assignment => assignment.Member != "btm" ? null : new TrainingReport
        {
            Status = new MemberStatus { Name = "btm", Kind = MemberKind.Mixture, State = MemberState.Completed, Attempt = 1 },
            Evaluations = measured,
        };
        await cluster.Launch(run with { Mixtures = [.. run.Mixtures, ensemble] });

        var ended = await cluster.UntilEnded("side-by-side");

        Assert.Equal((RunPhase.Completed, MemberState.Completed, null), (ended.Phase, Of(ended, "btm").State, Of(ended, "btm").CheckpointHash));
        Assert.Equal(measured, ended.Evaluations.Where(evaluation => evaluation.Model == "btm"));
        Assert.False(Directory.Exists(cluster.Folder.At("store", "side-by-side", "btm")));
        Assert.Equal(
            new[] { "digits", "letters" }.Select(name => new NamedCheckpoint(name, Of(ended, name).CheckpointFolder!)), cluster.Assignments["btm"].Experts);
        var events = await cluster.Events("side-by-side");
        Assert.Equal(["bam"], events.Where(line => line.Kind == RunEventKind.Mixed).Select(line => line.Member));
        Assert.Equal("evaluated", Assert.Single(events, line => line.Kind == RunEventKind.MemberCompleted && line.Member == "btm").Text);
    }

    [Fact]
    public async Task What_a_mixture_is_before_its_first_step_is_told_once_whatever_dies()
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        cluster.Rewrites = report => report.Status.Name != "bam" ? report : report with { Opening = $"letters 3.25 in attempt {report.Status.Attempt}" };
        await cluster.Launch(TinyRun.In("opened", cluster.Folder));
        var held = await cluster.HoldBeyondStep8("opened", "bam");

        await cluster.Kill(Silo(held));
        cluster.Pace.Release();
        var ended = await cluster.UntilEnded("opened");

        Assert.Equal((RunPhase.Completed, 2), (ended.Phase, Of(ended, "bam").Attempt));
        var opened = Assert.Single(await cluster.Events("opened"), line => line.Kind == RunEventKind.Opened);
        Assert.Equal(("bam", "letters 3.25 in attempt 1"), (opened.Member, opened.Text));
    }

    [Fact]
    public async Task Mixtures_of_one_run_train_at_once_each_on_a_device_of_its_own()
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        var run = TinyRun.In("at-once", cluster.Folder);
        string[] mixtures = ["bam", "bam-shared", "bam-btx"];
        cluster.Pace.HoldAfter(() => Directory.Exists(cluster.Folder.At("store", "at-once", "bam")));
        await cluster.Launch(run with { Mixtures = [.. mixtures.Select(TinyRun.Mixture)] });

        await cluster.Until("at-once", _ => cluster.Silos.All(cluster.Pace.IsHeld));
        Assert.Equal(mixtures.Select(name => $"at-once/{name}").Order(), (await cluster.Devices()).Select(device => device.Holder).Order());
        cluster.Pace.Release();

        Assert.Equal(RunPhase.Completed, (await cluster.UntilEnded("at-once")).Phase);
    }

    [Fact]
    public async Task A_spare_device_trains_a_mixture_whose_experts_are_there_while_branches_train()
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        var run = TinyRun.In("ahead", cluster.Folder);
        var upcycled = TinyRun.Mixture("bam-upcycled") with { Experts = ["seed", "seed"] };
        cluster.Pace.HoldOn(silo => silo == cluster.Silos[0] && Directory.Exists(cluster.Folder.At("store", "ahead", "digits")));
        await cluster.Launch(run with { Mixtures = [.. run.Mixtures, upcycled] });

        var early = await cluster.Until("ahead", status => Of(status, "bam-upcycled").State == MemberState.Completed);
        Assert.Equal((RunPhase.Branch, MemberState.Pending), (early.Phase, Of(early, "bam").State));
        cluster.Pace.Release();
        var ended = await cluster.UntilEnded("ahead");

        Assert.Equal((RunPhase.Completed, TinyRun.MixtureSteps), (ended.Phase, Of(ended, "bam-upcycled").Step));
        Assert.Equal(UndisturbedRun.Hashes["bam"], Of(ended, "bam").CheckpointHash);
        Assert.Equal(["bam-upcycled", "bam"], (await cluster.Events("ahead")).Where(line => line is { Kind: RunEventKind.Mixed } && !line.Text.StartsWith("warning", StringComparison.Ordinal)).Select(line => line.Member));
    }

    [Fact]
    public async Task No_mixture_is_built_ahead_of_branches_that_wait_for_a_device()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        var run = TinyRun.In("behind", cluster.Folder);
        await cluster.Launch(run with { Mixtures = [TinyRun.Mixture("bam-upcycled") with { Experts = ["seed", "seed"] }] });

        Assert.Equal(RunPhase.Completed, (await cluster.UntilEnded("behind")).Phase);

        Assert.Equal(["seed", "digits", "letters", "bam-upcycled"], (await cluster.Events("behind")).Where(line => line.Kind == RunEventKind.Started).Select(line => line.Member));
    }

    [Fact]
    public async Task A_damaged_expert_is_met_when_its_mixtures_turn_comes_and_not_ahead_of_it()
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        var run = TinyRun.In("damaged-ahead", cluster.Folder);
        var seed = cluster.Checkpoint("damaged-ahead", "seed", TinyRun.SeedSteps);
        string[] branches = ["digits", "letters"];
        cluster.Pace.HoldAfter(() => branches.All(branch => Directory.Exists(cluster.Checkpoint("damaged-ahead", branch, 4))));   // they have read the seed model
        await cluster.Acquire("other/model");   // no device is idle yet
        await cluster.Launch(run with
        {
            Branches = [.. run.Branches.Select(branch => branch with { Steps = 120 })],
            Mixtures = [TinyRun.Mixture("bam-upcycled") with { Experts = ["seed", "seed"] }],
            Checkpoints = new CheckpointSpec(Every: 4, Keep: 100),
        });
        await cluster.Until("damaged-ahead", status => status.Phase == RunPhase.Branch && cluster.Silos.Count(cluster.Pace.IsHeld) == 2);

        File.AppendAllText(Path.Combine(seed, Checkpoint.ModelFile), "x");
        await cluster.Release("other/model");
        for (var tick = 0; tick < 4; tick++)
        {
            var now = await cluster.Until("damaged-ahead", _ => true);
            Assert.Equal((RunPhase.Branch, MemberState.Pending), (now.Phase, Of(now, "bam-upcycled").State));
            await Task.Delay(400, TestContext.Current.CancellationToken);
        }

        cluster.Pace.Release();
        var ended = await cluster.UntilEnded("damaged-ahead");

        Assert.Equal(RunPhase.Completed, ended.Phase);
        Assert.Equal(1, Of(ended, "bam-upcycled").Attempt);
    }
}
