using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Grains.Tests.Clusters;
using static Bam.Grains.Tests.Clusters.TrainingCluster;

namespace Bam.Grains.Tests.Runs;

/// <summary>Sessions that stand still, models that fail and are tried again, runs that pause, answers that come late.</summary>
public sealed class ControlTests
{
    [Theory]
    [InlineData("step@digits@10", "step 11 made no progress for ", 8)]
    [InlineData("save-weights@digits@12", "the checkpoint of step 12 was not written within ", 8)]
    [InlineData("prepare@bam@*", "the set-up made no progress for ", 0)]
    public async Task What_stands_still_costs_its_silo_and_goes_on_elsewhere_to_the_same_bits(string where, string what, long from)
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        var member = where.Split('@')[1];
        var run = $"stuck-{where.Split('@')[0]}";
        using var totals = new MetricTotals(run);
        cluster.Order($"hang@{where}");
        await cluster.Launch(TinyRun.In(run, cluster.Folder) with { Limits = new LimitsSpec(Setup: 2, Step: 2, Checkpoint: 2) });

        var ended = await cluster.UntilEnded(run);

        Assert.Equal((RunPhase.Completed, null), (ended.Phase, ended.Error));
        Assert.Equal(UndisturbedRun.Hashes, ended.Members.ToDictionary(model => model.Name, model => model.CheckpointHash!));
        Assert.All(ended.Members, model => Assert.Equal(model.Name == member ? (2, 1) : (1, 0), (model.Attempt, model.Restarts)));
        var resumed = Assert.Single(await cluster.Events(run), line => line.Kind == RunEventKind.Resumed);
        Assert.Contains($"from step {from}: {what}", resumed.Text, StringComparison.Ordinal);
        Assert.EndsWith("2 s (limit 2 s)", resumed.Text, StringComparison.Ordinal);
        Assert.Equal((1, 0), (totals.Sum("bam.restarts", member, "stuck"), totals.Sum("bam.restarts", member, "lost")));
        Assert.Equal(1, totals.Count("bam.recovery.duration", member));
        Assert.Contains(await cluster.ReadLog(run, member, 100), line => line.Contains($"attempt 1 is stuck: {what}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Answers_that_come_too_late_restart_nothing()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        using var totals = new MetricTotals("late");
        var late = 0;
        cluster.Delays = report => TimeSpan.FromSeconds(report.Status is { Name: "digits", Step: > 0 } && Interlocked.Increment(ref late) <= 2 ? 7 : 0);
        await cluster.Launch(TinyRun.In("late", cluster.Folder));

        var ended = await cluster.UntilEnded("late");

        Assert.True(late >= 2);
        Assert.Equal(UndisturbedRun.Hashes, ended.Members.ToDictionary(model => model.Name, model => model.CheckpointHash!));
        Assert.All(ended.Members, model => Assert.Equal((1, 0, null), (model.Attempt, model.Restarts, model.Error)));
        Assert.Empty(new[] { "bam.restarts", "bam.steps_lost", "bam.recovery.duration" }.Intersect(totals.Names));
        Assert.DoesNotContain(await cluster.Events("late"), line => line.Kind is RunEventKind.Lost or RunEventKind.Resumed);
    }

    [Fact]
    public async Task A_failed_branch_shows_its_last_lines_and_a_retry_ends_the_run_with_the_same_bits()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        using var totals = new MetricTotals("again");
        cluster.Order("fail@step@digits@10", always: true);
        await cluster.Launch(TinyRun.In("again", cluster.Folder));

        var failed = await cluster.UntilEnded("again");
        var digits = Of(failed, "digits");

        Assert.Equal((RunPhase.Failed, MemberState.Failed, MemberState.Completed), (failed.Phase, digits.State, Of(failed, "letters").State));
        Assert.Equal((5, 5), (digits.Attempt, digits.Restarts));
        Assert.Contains("a fault was ordered", digits.Error, StringComparison.Ordinal);
        Assert.Contains(digits.LogTail, line => line.Contains("attempt 5 goes on from step 8", StringComparison.Ordinal));
        Assert.Contains(digits.LogTail, line => line.Contains("attempt 5 failed at step 10", StringComparison.Ordinal));
        Assert.InRange(digits.LogTail.Count, 5, 20);
        Assert.Equal((RetryOutcome.NothingToRetry, RetryOutcome.NoSuchModel, RetryOutcome.NoSuchRun),
            (await cluster.Retry("again", "letters"), await cluster.Retry("again", "words"), await cluster.Retry("unknown", "digits")));

        cluster.ClearOrders();
        Assert.Equal(RetryOutcome.TakenUp, await cluster.Retry("again", "digits"));
        Assert.Equal(RetryOutcome.NothingToRetry, await cluster.Retry("again", "digits"));
        Assert.Null(Assert.Single(await cluster.Runs()).Ended);
        var ended = await cluster.UntilEnded("again");

        Assert.Equal((RunPhase.Completed, null), (ended.Phase, ended.Error));
        Assert.Equal(UndisturbedRun.Hashes, ended.Members.ToDictionary(model => model.Name, model => model.CheckpointHash!));
        Assert.Equal((6, 5, null), (Of(ended, "digits").Attempt, Of(ended, "digits").Restarts, Of(ended, "digits").Error));
        Assert.Empty(Of(ended, "digits").LogTail);
        Assert.Equal((4, 1), (totals.Sum("bam.restarts", "digits", "failed"), totals.Sum("bam.restarts", "digits", "retried")));
        Assert.Equal(5 * 2, totals.Sum("bam.steps_lost", "digits"));   // five times steps 9 and 10 again
        Assert.Equal(5, (await cluster.Events("again")).Count(line => line.Kind == RunEventKind.Resumed));
    }

    [Fact]
    public async Task A_failed_mixture_and_a_cancelled_run_are_taken_up_again()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        cluster.Order("fail@step@bam@10", always: true);
        await cluster.Launch(TinyRun.In("mixture", cluster.Folder));
        Assert.Equal(RunPhase.Failed, (await cluster.UntilEnded("mixture")).Phase);
        cluster.ClearOrders();
        cluster.Pace.HoldAfter(() => true);   // else it may be over before it is seen to train
        await cluster.Retry("mixture", "bam");
        await cluster.Until("mixture", status => Of(status, "bam").State == MemberState.Training);

        Assert.True(await cluster.Cancel("mixture"));
        cluster.Pace.Release();
        Assert.Equal(RetryOutcome.TakenUp, await cluster.Retry("mixture", "bam"));
        var ended = await cluster.UntilEnded("mixture");

        Assert.Equal((RunPhase.Completed, null), (ended.Phase, ended.Error));
        Assert.Equal(UndisturbedRun.Hashes, ended.Members.ToDictionary(model => model.Name, model => model.CheckpointHash!));
    }

    [Fact]
    public async Task A_failed_extension_is_taken_up_again()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        var run = TinyRun.In("larger", cluster.Folder);
        await cluster.Launch(run);
        await cluster.UntilEnded("larger");
        cluster.Order("fail@step@words@10", always: true);
        Assert.Equal(LaunchOutcome.Extended, (await cluster.Launch(TinyRun.Extended(run, cluster.Folder))).Outcome);
        Assert.Equal(RunPhase.Failed, (await cluster.UntilEnded("larger")).Phase);

        cluster.ClearOrders();
        await cluster.Retry("larger", "words");
        var ended = await cluster.UntilEnded("larger");

        Assert.Equal((RunPhase.Completed, null), (ended.Phase, ended.Error));
        Assert.All(ended.Members, member => Assert.Equal(MemberState.Completed, member.State));
        Assert.All(UndisturbedRun.Hashes, model => Assert.Equal(model.Value, Of(ended, model.Key).CheckpointHash));
    }

    [Fact]
    public async Task A_paused_run_gives_its_devices_back_stays_paused_and_goes_on_to_the_same_bits()
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        using var totals = new MetricTotals("nap");
        await cluster.Launch(TinyRun.In("nap", cluster.Folder));
        var held = await cluster.HoldBeyondStep8("nap", "digits");

        Assert.True(await cluster.Pause("nap"));
        Assert.True(await cluster.Pause("nap"));
        var looks = 0;
        await cluster.Until("nap", _ => ++looks > 20);   // the sessions have heard of it, and are held before a step
        cluster.Pace.Release();
        var paused = await cluster.Until("nap", status => Of(status, "digits").State == MemberState.Paused && Of(status, "letters").State is MemberState.Paused or MemberState.Completed);
        Assert.True(paused.Paused);
        Assert.InRange(Of(paused, "digits").Step, held.Step, TinyRun.BranchSteps - 1);
        Assert.Equal(Of(paused, "digits").Step, Of(paused, "digits").CheckpointStep);
        Assert.All(await cluster.Devices(), device => Assert.Null(device.Holder));
        await cluster.Kill(cluster.Silos[^1]);   // its coordinator
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        var still = await cluster.Until("nap", status => status.Paused);
        Assert.Equal(Of(paused, "digits").Step, Of(still, "digits").Step);

        Assert.True(await cluster.Resume("nap"));
        var ended = await cluster.UntilEnded("nap");

        Assert.Equal((RunPhase.Completed, false), (ended.Phase, ended.Paused));
        Assert.Equal(UndisturbedRun.Hashes, ended.Members.ToDictionary(model => model.Name, model => model.CheckpointHash!));
        Assert.Equal((2, 0, null), (Of(ended, "digits").Attempt, Of(ended, "digits").Restarts, Of(ended, "digits").Error));
        Assert.Equal(1, totals.Sum("bam.restarts", "digits", "paused"));
        Assert.DoesNotContain("bam.steps_lost", totals.Names);
        Assert.False(await cluster.Pause("nap"));
        Assert.False(await cluster.Resume("unknown"));
    }
}
