using Bam.Contracts.Status;
using Bam.Grains.Tests.Clusters;
using Bam.Training.Checkpoints;
using static Bam.Grains.Tests.Clusters.TrainingCluster;

namespace Bam.Grains.Tests.Runs;

public sealed class RecoveryTests
{
    [Theory]
    [InlineData("digits")]
    [InlineData("bam")]
    public async Task A_killed_silos_model_goes_on_elsewhere_and_the_run_ends_with_the_same_bits(string member)
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        var run = $"killed-{member}";
        using var totals = new MetricTotals(run);
        await cluster.Launch(TinyRun.In(run, cluster.Folder));
        var held = await cluster.HoldBeyondStep8(run, member);
        var live = await cluster.History(run, member);

        await cluster.Kill(Silo(held));
        var between = await cluster.History(run, member);
        cluster.Pace.Release();
        var ended = await cluster.UntilEnded(run);

        AssertUndisturbed(ended);
        var (undisturbed, history) = (UndisturbedRun.Histories[member], await cluster.History(run, member));
        Assert.Equal(undisturbed.Training, history!.Training);
        Assert.Equal(
            undisturbed.Validation.Concat(ended.Evaluations.Where(row => row.Model == member).Select(row => new ValidationPoint(Of(ended, member).Step, row.Domain, row.Nll))),
            history.Validation);
        foreach (var part in new[] { live!, between! })
        {
            Assert.InRange(part.Training[^1].Step, 8, held.Step);
            Assert.Equal(undisturbed.Training.Take(part.Training.Count), part.Training);
            Assert.Equal(undisturbed.Validation.Where(point => point.Step <= 8), part.Validation);
        }

        Assert.Null(await cluster.History(run, "unknown"));
        Assert.Null(await cluster.History("unknown", member));
        Assert.Equal((2, 1), (Of(ended, member).Attempt, Of(ended, member).Restarts));
        Assert.Equal(Of(ended, member).Step * TinyRun.TokensPerStep, Of(ended, member).Tokens);
        Assert.Equal(
            Of(ended, member).Tokens * totals.Sum("bam.model_flops", member) / totals.Sum("bam.tokens", member), Of(ended, member).Flops, tolerance: 1);
        var events = await cluster.Events(run);
        var resumed = Assert.Single(events, line => line.Kind == RunEventKind.Resumed);
        Assert.Equal((member, 2), (resumed.Member, resumed.Attempt));
        Assert.InRange(resumed.Step!.Value, 8, held.Step - 1);
        Assert.Single(events, line => line.Kind == RunEventKind.Lost && line.Member == member);
        Assert.Equal(1, totals.Sum("bam.restarts", member, "lost"));
        Assert.Equal(held.Step - resumed.Step.Value, totals.Sum("bam.steps_lost", member));
        Assert.Equal(1, totals.Count("bam.recovery.duration", member));
    }

    [Fact]
    public async Task Killing_the_coordinators_silo_disturbs_no_training()
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        await cluster.Launch(TinyRun.In("headless", cluster.Folder));
        var held = await cluster.HoldBeyondStep8("headless", "digits");
        Assert.NotEqual(cluster.Silos[^1], Silo(held));

        await cluster.Kill(cluster.Silos[^1]);
        cluster.Pace.Release();
        var ended = await cluster.UntilEnded("headless");

        AssertUndisturbed(ended);
        Assert.All(ended.Members, member => Assert.Equal((1, 0), (member.Attempt, member.Restarts)));
    }

    [Fact]
    public async Task A_model_whose_silo_dies_together_with_the_coordinator_is_missed_and_counted_once()
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        using var totals = new MetricTotals("both");
        await cluster.Launch(TinyRun.In("both", cluster.Folder), coordinator: cluster.Silos[0]);
        var held = await cluster.HoldBeyondStep8("both", "digits");
        Assert.Equal(cluster.Silos[0], Silo(held));

        await cluster.Kill(cluster.Silos[0]);
        cluster.Pace.Release();
        var ended = await cluster.UntilEnded("both");

        AssertUndisturbed(ended);
        Assert.Equal((2, 1), (Of(ended, "digits").Attempt, Of(ended, "digits").Restarts));
        Assert.Single(await cluster.Events("both"), line => line.Kind == RunEventKind.Lost);
        Assert.Equal(1, totals.Sum("bam.restarts", "digits", "lost"));
        Assert.Equal(1, totals.Count("bam.recovery.duration", "digits"));
    }

    [Fact]
    public async Task A_silo_that_is_told_to_stop_loses_no_step()
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        using var totals = new MetricTotals("stopped");
        await cluster.Launch(TinyRun.In("stopped", cluster.Folder));
        var held = await cluster.HoldBeyondStep8("stopped", "digits");

        var stopping = cluster.Stop(Silo(held));
        cluster.Pace.Release();
        await stopping;
        var ended = await cluster.UntilEnded("stopped");

        AssertUndisturbed(ended);
        Assert.Equal((2, 0, null), (Of(ended, "digits").Attempt, Of(ended, "digits").Restarts, Of(ended, "digits").Error));
        Assert.Equal(TinyRun.BranchSteps, totals.Sum("bam.steps", "digits"));
        Assert.Equal(1, totals.Sum("bam.restarts", "digits", "moved"));
        Assert.DoesNotContain("bam.steps_lost", totals.Names);
        var resumed = Assert.Single(await cluster.Events("stopped"), line => line.Kind == RunEventKind.Resumed);
        Assert.InRange(resumed.Step!.Value, held.Step, TinyRun.BranchSteps - 1);
    }

    [Fact]
    public async Task A_last_checkpoint_that_is_damaged_before_the_gathering_is_trained_again_to_the_same_bits()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        using var totals = new MetricTotals("damaged");
        await cluster.Launch(TinyRun.In("damaged", cluster.Folder));
        await cluster.HoldBeyondStep8("damaged", "digits");
        var other = Silo(Of(await cluster.Until("damaged", status => Of(status, "letters").Device is not null), "letters"));
        cluster.Pace.HoldOn(silo => silo == other);
        await cluster.Until("damaged", status => Of(status, "digits").State == MemberState.Completed);
        FlipByte(Path.Combine(cluster.Checkpoint("damaged", "digits", TinyRun.BranchSteps), Checkpoint.ModelFile));
        cluster.Pace.Release();

        var ended = await cluster.UntilEnded("damaged");

        AssertUndisturbed(ended);
        Assert.Equal((2, 1), (Of(ended, "digits").Attempt, Of(ended, "digits").Restarts));
        var events = await cluster.Events("damaged");
        Assert.Equal(TinyRun.BranchSteps - 4, Assert.Single(events, line => line.Kind == RunEventKind.Resumed).Step);
        Assert.Contains(events, line => line.Kind == RunEventKind.CheckpointDamaged && line.Text.Contains("SHA-256", StringComparison.Ordinal));
        Assert.True(Directory.Exists(cluster.Checkpoint("damaged", "digits", TinyRun.BranchSteps) + ".corrupt"));
        Assert.Equal(4, totals.Sum("bam.steps_lost", "digits"));
        Assert.Equal(1, totals.Sum("bam.checkpoint.failures", "digits", "damaged"));
    }

    [Fact]
    public async Task Storage_that_fails_for_a_while_restarts_nothing()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        await cluster.Launch(TinyRun.In("full", cluster.Folder));
        await cluster.HoldBeyondStep8("full", "digits");
        cluster.Storage.Refuses = grain => grain.Type.ToString()!.Contains("branch", StringComparison.Ordinal);
        cluster.Pace.Release();
        await TrainingCluster.Until(() => Directory.Exists(cluster.Checkpoint("full", "digits", TinyRun.BranchSteps)));
        cluster.Storage.Refuses = null;

        var ended = await cluster.UntilEnded("full");

        Assert.Equal(RunPhase.Completed, ended.Phase);
        Assert.All(ended.Members, member => Assert.Equal((1, 0), (member.Attempt, member.Restarts)));
    }

    [Fact]
    public async Task A_model_whose_silo_dies_before_it_began_recovers_from_nothing()
    {
        await using var cluster = await TrainingCluster.Start(silos: 3);
        using var totals = new MetricTotals("early");
        cluster.Storage.Refuses = grain => grain.Key.ToString()!.Contains("digits", StringComparison.Ordinal);
        await cluster.Launch(TinyRun.In("early", cluster.Folder), coordinator: cluster.Silos[^1]);
        DeviceStatus? slot = null;
        await TrainingCluster.Until(async () =>
        {
            slot = (await cluster.Devices()).FirstOrDefault(device => device.Holder?.Contains("digits", StringComparison.Ordinal) == true);
            return slot is not null;
        });
        Assert.NotEqual(cluster.Silos[^1], slot!.Silo);

        await cluster.Kill(slot.Silo);
        cluster.Storage.Refuses = null;
        var ended = await cluster.UntilEnded("early");

        AssertUndisturbed(ended);
        Assert.Equal((1, 0), (Of(ended, "digits").Attempt, Of(ended, "digits").Restarts));
        Assert.Contains(await cluster.Events("early"), line => line.Kind == RunEventKind.Lost && line.Member == "digits");
        Assert.Equal(0, totals.Count("bam.recovery.duration", "digits"));
    }

    [Fact]
    public async Task Events_have_no_gaps_when_the_coordinator_is_activated_again()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        await cluster.Launch(TinyRun.In("events", cluster.Folder));
        foreach (var phase in new[] { RunPhase.Branch, RunPhase.Gather, RunPhase.Mix, RunPhase.Continue, RunPhase.Evaluate })
        {
            await cluster.Until("events", status => status.Phase >= phase);
            await cluster.Deactivate(cluster.Coordinator("events"));
        }

        var ended = await cluster.UntilEnded("events");

        Assert.All(ended.Members, member => Assert.Equal((MemberState.Completed, 1, 0), (member.State, member.Attempt, member.Restarts)));
        var read = new List<RunEvent>();
        for (var page = await cluster.Read("events", 0, max: 3); page.Events.Count > 0; page = await cluster.Read("events", page.Next, max: 3))
            read.AddRange(page.Events);
        Assert.Equal([.. Enumerable.Range(1, read.Count).Select(number => (long)number)], read.Select(line => line.Sequence));
        Assert.Equal((RunEventKind.Launched, RunEventKind.Ended), (read[0].Kind, read[^1].Kind));
        Assert.Equal(["seed", "digits", "letters", "bam"], read.Where(line => line.Kind == RunEventKind.Started).Select(line => line.Member));
    }

    private static void AssertUndisturbed(RunStatus ended)
    {
        Assert.Equal((RunPhase.Completed, null), (ended.Phase, ended.Error));
        Assert.Equal(UndisturbedRun.Hashes, ended.Members.ToDictionary(model => model.Name, model => model.CheckpointHash!));
    }

    private static void FlipByte(string path)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length - 5;
        var value = file.ReadByte();
        file.Position = file.Length - 5;
        file.WriteByte((byte)(value ^ 1));
    }
}
