using Bam.Contracts.Status;
using Bam.Grains.Tests.Clusters;

namespace Bam.Grains.Tests.Runs;

public sealed class ClockTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Wall_clocks_that_jump_by_a_day_restart_nothing_and_spoil_neither_goodput_nor_forecast(int days)
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        var run = $"jump-{days}";
        var spec = TinyRun.In(run, cluster.Folder);
        // One branch more than devices: who waits must not get the slot of one that trains.
        await cluster.Launch(spec with { Branches = [.. spec.Branches, TinyRun.Branch("third", "letters", "digits")] });
        await cluster.HoldBeyondStep8(run, "digits");

        cluster.JumpWallClocks(TimeSpan.FromDays(days));
        var seen = await cluster.Status(run);
        for (var ticks = 0; ticks < 3; ticks++)
        {
            await Task.Delay(400, TestContext.Current.CancellationToken);
            await cluster.Coordinator(run).Tick(TestContext.Current.CancellationToken);
        }

        var jumped = await cluster.Status(run);
        cluster.Pace.Release();
        var ended = await cluster.UntilEnded(run);

        Assert.Equal(RunPhase.Completed, ended.Phase);
        Assert.All(ended.Members, member => Assert.Equal((member.Name, 1, 0), (member.Name, member.Attempt, member.Restarts)));
        Assert.Equal(UndisturbedRun.Hashes, ended.Members.Where(member => member.Name != "third").ToDictionary(member => member.Name, member => member.CheckpointHash!));
        Assert.DoesNotContain(await cluster.Events(run), line => line.Kind is RunEventKind.Lost or RunEventKind.Resumed);
        Assert.InRange(jumped!.Goodput, seen!.Goodput / 10, 1);                // seconds of waiting, no day of it
        Assert.True(jumped.Remaining < TimeSpan.FromHours(1), $"{jumped.Remaining} are left");
    }
}
