namespace Bam.Cluster;

/// <summary>Deaths of real processes, and what is left of the run: the same bits.</summary>
[Collection(nameof(UndisturbedRunCollection))]
public sealed class RecoveryTests(UndisturbedRun undisturbed, ITestOutputHelper output)
{
    [Fact]
    public async Task Whatever_silo_is_killed_in_whatever_phase_the_run_ends_with_the_bits_of_an_undisturbed_one()
    {
        await using var cluster = await TestCluster.Up(silos: 3);
        await cluster.Launch(SmallRun.Write(cluster.Home));

        await KillWhile(cluster, "the seed model trains", view => view.Step("seed") > 60, view => view.SiloOf("seed"), "seed");
        await KillWhile(cluster, "a branch trains", view => view.Step("law") > 60, view => view.SiloOf("law"), "law");
        await KillWhile(cluster, "its silo coordinates", view => view.Step("math") > 200, _ => cluster.CoordinatorOf(SmallRun.Name), null);
        await KillWhile(cluster, "a mixture trains", view => view.Step("bam") > 60, view => view.SiloOf("bam"), "bam");
        var ended = await cluster.Completed(SmallRun.Name);

        Assert.Equal(undisturbed.View.Hashes, ended.Hashes);
        Assert.True(ended.Restarts >= 3, $"{ended.Restarts} restarts");
    }

    [Fact]
    public async Task A_cluster_that_goes_down_and_up_goes_on_where_it_was()
    {
        await using var cluster = await TestCluster.Up(silos: 2);
        await cluster.Launch(SmallRun.Write(cluster.Home));
        var before = await cluster.Until(SmallRun.Name, view => view.Step("law") > 100 && view.State("law") == "training");

        await cluster.Down();
        await cluster.Start(silos: 2);
        var after = await cluster.Until(SmallRun.Name, view => view.State("law") is "training" or "completed");
        var ended = await cluster.Completed(SmallRun.Name);

        Assert.True(after.Step("law") >= before.Step("law"), $"from {before.Step("law")} to {after.Step("law")}");
        Assert.Equal(undisturbed.View.Hashes, ended.Hashes);
        Assert.Equal(0, ended.Restarts);
    }

    /// <summary>Waits for a moment, kills a silo, and writes down how long it took until the model trained again.</summary>
    private async Task KillWhile(TestCluster cluster, string when, Predicate<RunView> moment, Func<RunView, string?> which, string? member)
    {
        var view = await cluster.Until(SmallRun.Name, view => moment(view) && which(view) is not null);
        var silo = which(view)!;
        var killed = cluster.Kill(silo);
        if (member is null)
        {
            output.WriteLine($"killed {silo} while {when}");
            return;
        }

        var resumed = await Resumed(cluster, member, killed);
        output.WriteLine($"killed {silo} while {when}: {member} trained again after {(resumed - killed).TotalSeconds:0.0} s");
        Assert.True(resumed - killed < TimeSpan.FromSeconds(60));
    }

    private static async Task<DateTime> Resumed(TestCluster cluster, string member, DateTime killed)
    {
        for (var i = 0; i < 600; i++)
        {
            var line = cluster.Lines().FirstOrDefault(line => line.Time > killed
                && line.Text.Contains($"{member}: attempt ", StringComparison.Ordinal) && line.Text.Contains("goes on from step", StringComparison.Ordinal));
            if (line.Text is not null)
                return line.Time;
            await Task.Delay(100);
        }

        throw new TimeoutException($"{member} did not resume");
    }
}
