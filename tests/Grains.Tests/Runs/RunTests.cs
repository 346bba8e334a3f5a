using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Bam.Grains.Tests.Clusters;

namespace Bam.Grains.Tests.Runs;

public sealed class RunTests
{
    [Fact]
    public async Task A_run_goes_through_every_phase_and_ends_with_every_model_evaluated_on_every_domain()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        using var totals = new MetricTotals("phases");
        cluster.Pace.HoldAfter(() => Directory.Exists(cluster.Checkpoint("phases", "bam", 8)));
        Assert.Equal(LaunchOutcome.Started, (await cluster.Launch(TinyRun.In("phases", cluster.Folder))).Outcome);
        await cluster.Until("phases", status => status.Phase == RunPhase.Continue && cluster.Silos.Any(cluster.Pace.IsHeld));
        totals.Observe();
        cluster.Pace.Release();

        var ended = await cluster.UntilEnded("phases");

        Assert.Equal((RunPhase.Completed, null), (ended.Phase, ended.Error));
        Assert.Equal(UndisturbedRun.Hashes, ended.Members.ToDictionary(member => member.Name, member => member.CheckpointHash!));
        Assert.Equal(
            [.. from model in new[] { "seed", "digits", "letters", "bam" } from domain in new[] { "letters", "digits" } select (model, domain)],
            ended.Evaluations.Select(evaluation => (evaluation.Model, evaluation.Domain)));
        Assert.Equal(["seed model", "branches", "gather the experts' checkpoints", "build the mixtures", "train the mixtures", "evaluation"],
            (await cluster.Events("phases")).Where(line => line.Kind == RunEventKind.PhaseBegan).Select(line => line.Text));
        Assert.All(await cluster.Devices(), device => Assert.Null(device.Holder));
        Assert.InRange(ended.Goodput, 0.0001, 1);

        Assert.Equal(TinyRun.SeedSteps, totals.Sum("bam.steps", "seed"));
        Assert.Equal(TinyRun.BranchSteps, totals.Sum("bam.steps", "digits"));
        Assert.Equal(TinyRun.MixtureSteps, totals.Sum("bam.steps", "bam"));
        Assert.Equal(TinyRun.BranchSteps * TinyRun.TokensPerStep, totals.Sum("bam.tokens", "letters"));
        Assert.Equal(TinyRun.BranchSteps, totals.Count("bam.step.duration", "letters"));
        Assert.All(ended.Members, member => Assert.Equal((totals.Sum("bam.tokens", member.Name), totals.Sum("bam.model_flops", member.Name)), (member.Tokens, member.Flops)));
        Assert.All(ended.Members, member => Assert.InRange(member.Flops, 1e6, 1e12));
        Assert.Empty(new[] { "bam.restarts", "bam.steps_lost", "bam.recovery.duration", "bam.checkpoint.failures" }.Intersect(totals.Names));
        Assert.Equal(
            [
                "bam.branch_progress_ratio", "bam.branch_state", "bam.checkpoint", "bam.checkpoint.duration", "bam.checkpoint.last_success.timestamp", "bam.data_wait",
                "bam.device_memory", "bam.expert_token_share", "bam.goodput_ratio", "bam.grad_norm", "bam.last_progress.timestamp", "bam.learning_rate",
                "bam.load_balance_loss", "bam.loss", "bam.mfu_ratio", "bam.model_flops", "bam.router_entropy", "bam.router_z_loss", "bam.run_phase",
                "bam.run_progress_ratio", "bam.step.duration",
                "bam.steps", "bam.target_steps", "bam.tokens", "bam.validation_loss",
            ],
            totals.Names.Except(["bam.run_remaining"]).Order(StringComparer.Ordinal));   // whose speed may not be known yet
    }

    [Fact]
    public async Task Branches_beyond_the_devices_queue_and_start_by_themselves_first_come_first_served()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        var spec = TinyRun.In("queue", cluster.Folder) with
        {
            Branches = [.. "cab".Select(name => TinyRun.Branch($"{name}", "letters", "digits"))],
            Mixtures = [TinyRun.Mixture("bam") with { Experts = ["seed", "c", "a", "b"] }],
        };
        await cluster.Launch(spec);

        var ended = await cluster.UntilEnded("queue");

        Assert.Equal(RunPhase.Completed, ended.Phase);
        var events = await cluster.Events("queue");
        Assert.Equal(["a", "b"], events.Where(line => line.Kind == RunEventKind.Queued).Select(line => line.Member));
        Assert.Equal(["seed", "c", "a", "b", "bam"], events.Where(line => line.Kind == RunEventKind.Started).Select(line => line.Member));
    }

    [Fact]
    public async Task Two_launches_of_one_specification_are_one_run_and_another_specification_is_refused()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        cluster.Pace.HoldOn(_ => true);
        var spec = TinyRun.In("twice", cluster.Folder);
        var outcomes = await Task.WhenAll(cluster.Launch(spec), cluster.Launch(TinyRun.In("twice", cluster.Folder)));
        Assert.Equal([LaunchOutcome.Started, LaunchOutcome.AlreadyLaunched], outcomes.Select(answer => answer.Outcome).Order());

        Assert.Equal(LaunchOutcome.NameTaken, (await cluster.Launch(spec with { Seed = 4 })).Outcome);

        Assert.Single(await cluster.Events("twice"), line => line.Kind == RunEventKind.Launched);
        Assert.Equal("twice", Assert.Single(await cluster.Runs()).Name);
    }

    [Fact]
    public async Task Asking_for_an_unknown_run_leaves_nothing()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        var unknown = cluster.Coordinator("unknown");

        Assert.Null(await cluster.Status("unknown"));
        Assert.False(await cluster.Cancel("unknown"));
        Assert.Empty(await cluster.Events("unknown"));

        await TrainingCluster.Until(() => !cluster.IsActive(unknown));
        Assert.DoesNotContain(cluster.Storage.Keys, key => key.Contains("unknown", StringComparison.Ordinal));
        Assert.Empty(await cluster.Runs());
    }

    [Fact]
    public async Task Cancel_stops_every_training_and_frees_every_slot()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        cluster.Pace.HoldAfter(() => Directory.Exists(cluster.Checkpoint("cancelled", "digits", 8)));
        await cluster.Launch(TinyRun.In("cancelled", cluster.Folder));
        await cluster.Until("cancelled", status => status.Phase == RunPhase.Branch && cluster.Silos.All(cluster.Pace.IsHeld));

        Assert.True(await cluster.Cancel("cancelled"));
        Assert.False(await cluster.Cancel("cancelled"));
        cluster.Pace.Release();

        var ended = await cluster.UntilEnded("cancelled");
        Assert.Equal(RunPhase.Cancelled, ended.Phase);
        Assert.Equal([MemberState.Completed, MemberState.Cancelled], ended.Members.Select(member => member.State).Distinct());
        Assert.All(await cluster.Devices(), device => Assert.Null(device.Holder));
        var next = TinyRun.In("next", cluster.Folder);
        await cluster.Launch(next);
        Assert.Equal(RunPhase.Completed, (await cluster.UntilEnded("next")).Phase);
        Assert.False(Directory.Exists(cluster.Checkpoint("cancelled", "digits", TinyRun.BranchSteps)));
    }

    [Fact]
    public async Task A_domain_without_text_fails_the_run_at_once_and_names_the_file()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        var spec = TinyRun.In("vanished", cluster.Folder);
        File.Delete(cluster.Folder.At("digits.txt"));
        await cluster.Launch(spec);

        var ended = await cluster.UntilEnded("vanished");

        Assert.Equal(RunPhase.Failed, ended.Phase);
        Assert.StartsWith("seed failed: ", ended.Error, StringComparison.Ordinal);
        Assert.Contains(cluster.Folder.At("digits.txt"), ended.Error, StringComparison.Ordinal);
        Assert.Equal(1, ended.Members[0].Attempt);
        Assert.All(await cluster.Devices(), device => Assert.Null(device.Holder));
    }

    [Fact]
    public async Task A_branch_that_always_fails_is_given_up_after_five_attempts_while_the_others_go_on_to_their_end()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        using var totals = new MetricTotals("hot");
        var spec = TinyRun.In("hot", cluster.Folder);
        var hot = spec.Branches[0] with { Train = spec.Branches[0].Train with { LearningRate = 1e30, Warmup = 0 } };
        await cluster.Launch(spec with { Branches = [hot, spec.Branches[1]] });

        var ended = await cluster.UntilEnded("hot");

        Assert.Equal(RunPhase.Failed, ended.Phase);
        Assert.Matches("^digits failed: digits: the loss is .* lower learning_rate", ended.Error);
        Assert.Equal((MemberState.Failed, 5, 5), (ended.Members[1].State, ended.Members[1].Attempt, ended.Members[1].Restarts));
        Assert.Equal((MemberState.Completed, UndisturbedRun.Hashes["letters"]), (ended.Members[2].State, ended.Members[2].CheckpointHash));
        Assert.Equal(4, totals.Sum("bam.restarts", "digits", "failed"));
        Assert.Equal(0, totals.Sum("bam.restarts", "digits", "lost"));
        Assert.All(await cluster.Devices(), device => Assert.Null(device.Holder));
    }
}
