using System.Diagnostics;

namespace Bam.Cluster.Stores;

/// <summary>An upgrade as an operator does it: SIGTERM to one silo after another while they train.</summary>
[Collection(nameof(UndisturbedRunCollection))]
public sealed class RollingRestartTests(UndisturbedRun undisturbed, ITestOutputHelper output)
{
    [Fact]
    public async Task On_SQLite_every_silo_restarts_under_load_and_no_step_is_lost()
    {
        await using var cluster = await TestCluster.Up(silos: 3);
        await Roll(cluster);
    }

    [Fact]
    public async Task On_PostgreSQL_every_silo_restarts_under_load_and_no_step_is_lost()
    {
        await using var postgres = await PostgresClusters.Start();
        await using var cluster = await TestCluster.Up(silos: 3, postgres.Option);
        await Roll(cluster);
    }

    private async Task Roll(TestCluster cluster)
    {
        await cluster.Launch(SmallRun.Write(cluster.Home));
        await cluster.Until(SmallRun.Name, view => view.Step("law") > 20);
        var moved = 0;
        foreach (var silo in cluster.Processes().Keys.Order())
        {
            var before = await cluster.Status(SmallRun.Name);
            Assert.NotEqual("completed", before.Phase);
            moved += SmallRun.Trained.Count(member => before.State(member) == "training" && before.SiloOf(member) == silo);
            await Restart(cluster, silo);
        }

        var ended = await cluster.Completed(SmallRun.Name);

        Assert.Equal(undisturbed.View.Hashes, ended.Hashes);
        Assert.Equal(0, ended.Restarts);
        Assert.True(moved > 0, "no silo trained when it was told to end");
        var resumed = await AssertNoStepTwice(cluster);
        output.WriteLine($"{moved} silos trained when told to end, {resumed} models moved");
        Assert.True(resumed >= moved, $"{resumed} of {moved}");
    }

    private async Task Restart(TestCluster cluster, string silo)
    {
        var (began, process) = (Stopwatch.GetTimestamp(), cluster.Processes()[silo]);
        Signals.Send(process, Signals.Terminate);
        while (Signals.IsAlive(process)) await Task.Delay(20);
        var down = Stopwatch.GetElapsedTime(began);
        await cluster.Start(silos: 3); // leaves the running ones alone, and waits for the one that the keeper has started again
        output.WriteLine($"{silo} ended after {down.TotalSeconds:0.0} s and was back after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
    }

    /// <summary>Each attempt goes on from the checkpoint that the one before saved last: no step is done twice.</summary>
    /// <returns>How many attempts went on after one before.</returns>
    private static async Task<int> AssertNoStepTwice(TestCluster cluster)
    {
        var resumed = 0;
        foreach (var line in await cluster.Events(SmallRun.Name))
        {
            if (!line.Contains(" resumed ", StringComparison.Ordinal)) continue;
            Assert.Contains("it was stopped", line, StringComparison.Ordinal);
            resumed++;
        }

        return resumed;
    }
}
