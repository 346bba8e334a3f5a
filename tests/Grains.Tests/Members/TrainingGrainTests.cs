using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Bam.Grains.Members;
using Bam.Grains.Tests.Clusters;

namespace Bam.Grains.Tests.Members;

public sealed class TrainingGrainTests
{
    [Fact]
    public async Task A_grain_on_another_silo_than_its_lease_moves_there()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        var assignment = await Assignment(cluster, "misplaced");
        Assert.Equal(cluster.Silos[0], assignment.Lease.SiloName);

        Assert.True((await cluster.EnsureRunning(assignment, activateOn: cluster.Silos[1])).Misplaced);
        var answers = new List<TrainingReport>();
        while (answers.Count < 5 && answers.All(answer => answer.Misplaced))
            answers.Add(await cluster.EnsureRunning(assignment, activateOn: cluster.Silos[0]));

        Assert.Equal((false, $"{cluster.Silos[0]}/cpu"), (answers[^1].Misplaced, answers[^1].Status.Device));
    }

    [Fact]
    public async Task Starting_twice_starts_once()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        cluster.Pace.HoldOn(_ => true);
        var assignment = await Assignment(cluster, "idempotent");

        var reports = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => cluster.EnsureRunning(assignment, cluster.Silos[0])));

        Assert.All(reports, report => Assert.Equal((1, 0), (report.Status.Attempt, report.Status.Restarts)));
    }

    [Fact]
    public async Task A_session_that_is_told_to_stop_saves_its_step_and_the_next_one_goes_on_from_there()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        cluster.Pace.HoldAfter(() => Directory.Exists(cluster.Checkpoint("moved", "seed", 4)));
        await cluster.Store("branch", GrainKeys.Member("moved", "seed"), new TrainingGrainState { Attempt = 1, Running = true });
        var assignment = await Assignment(cluster, "moved");
        var started = (await cluster.EnsureRunning(assignment, cluster.Silos[0])).Status;
        Assert.Equal((2, 1, TrainingGrain.Died), (started.Attempt, started.Restarts, started.Error));
        await TrainingCluster.Until(() => cluster.Pace.IsHeld(cluster.Silos[0]));
        var reached = (await cluster.Report("moved", "seed")).Step;

        await cluster.StopTraining("moved", "seed", StopReason.Moved);
        Assert.Equal(2, (await cluster.EnsureRunning(assignment, cluster.Silos[0])).Status.Attempt);   // it has not ended yet
        cluster.Pace.Release();
        TrainingReport? report = null;
        await TrainingCluster.Until(async () =>
            (report = await cluster.EnsureRunning(assignment, cluster.Silos[0])).Status is { Attempt: 3, State: MemberState.Completed });

        Assert.InRange(reached, 4, TinyRun.SeedSteps - 1);
        Assert.InRange(report!.ResumedFrom, reached, reached + 1);
        Assert.Equal((1, null, UndisturbedRun.Hashes["seed"]), (report.Status.Restarts, report.Status.Error, report.Status.CheckpointHash));
    }

    [Fact]
    public async Task A_model_that_takes_five_silos_down_at_one_place_is_given_up_with_its_last_lines()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        await cluster.Store("branch", GrainKeys.Member("deadly", "seed"), new TrainingGrainState { Attempt = 5, Running = true, Restarts = 4, Failures = 4, FailedAtStep = 3 });

        var report = await cluster.EnsureRunning(await Assignment(cluster, "deadly"), cluster.Silos[0]);

        Assert.Equal((MemberState.Failed, 5, 5), (report.Status.State, report.Status.Attempt, report.Status.Restarts));
        Assert.Contains("died 5 times in a row", report.Status.Error, StringComparison.Ordinal);
        Assert.Contains("the silo of attempt 5 died", Assert.Single(report.Status.LogTail), StringComparison.Ordinal);
        Assert.False(File.Exists(cluster.Folder.At("store", "deadly", "seed", ".attempt")));
    }

    [Fact]
    public async Task Deaths_back_off_at_one_place_and_begin_anew_beyond_it()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1, backOff: TimeSpan.FromHours(1));
        var known = new TrainingGrainState { Attempt = 2, Running = true, Restarts = 1, Failures = 1, FailedAtStep = 3 };
        Directory.CreateDirectory(cluster.Folder.At("store", "beyond", "seed"));
        await File.WriteAllBytesAsync(cluster.Folder.At("store", "beyond", "seed", ".progress"), BitConverter.GetBytes(4L), TestContext.Current.CancellationToken);
        await cluster.Store("branch", GrainKeys.Member("same", "seed"), known);
        await cluster.Store("branch", GrainKeys.Member("beyond", "seed"), known);

        var same = await cluster.EnsureRunning(await Assignment(cluster, "same"), cluster.Silos[0]);
        await cluster.Release(GrainKeys.Member("same", "seed"));
        var beyond = await cluster.EnsureRunning(await Assignment(cluster, "beyond"), cluster.Silos[0]);

        Assert.Equal((2, MemberState.Recovering), (same.Status.Attempt, same.Status.State));
        Assert.Equal((3, MemberState.Preparing), (beyond.Status.Attempt, beyond.Status.State));
    }

    [Fact]
    public async Task A_finished_model_that_is_taken_back_is_evaluated_again_and_is_otherwise_as_it_was()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        var assignment = await Assignment(cluster, "again");
        Task<TrainingReport> Ask() => cluster.EnsureRunning(assignment, cluster.Silos[0]);
        TrainingReport? before = null, after = null;
        await TrainingCluster.Until(async () => (before = await Ask()).Status.State == MemberState.Completed);
        assignment = assignment with { Run = TinyRun.Extended(assignment.Run, cluster.Folder) };
        Assert.Equal(MemberState.Completed, (await Ask()).Status.State);

        await cluster.Reevaluate("again", "seed");
        await cluster.Reevaluate("again", "seed");
        var first = await Ask();
        Assert.Equal((2, before!.Evaluations.Count), (first.Status.Attempt, first.Evaluations.Count));   // until there are new ones
        await TrainingCluster.Until(async () => (after = await Ask()).Status.State == MemberState.Completed);

        Assert.Equal(["letters", "digits", "words"], after!.Evaluations.Select(evaluation => evaluation.Domain));
        Assert.Equal(before.Evaluations.Select(evaluation => evaluation.Nll), after.Evaluations.Take(2).Select(evaluation => evaluation.Nll));
        Assert.Equal(before.Status with { Attempt = 2, Spent = after.Status.Spent }, after.Status);
        Assert.Equal(before.Status.Spent.Stepping, after.Status.Spent.Stepping);
        Assert.True(after.Status.Spent.Evaluating > before.Status.Spent.Evaluating);
        Assert.Equal((before.Checkpoint, before.UsefulSeconds), (after.Checkpoint, after.UsefulSeconds));
    }

    private static async Task<TrainingAssignment> Assignment(TrainingCluster cluster, string run) => new()
    {
        Run = TinyRun.In(run, cluster.Folder),
        Member = "seed",
        Kind = MemberKind.Seed,
        Lease = (await cluster.Acquire(GrainKeys.Member(run, "seed")))!,
    };
}
