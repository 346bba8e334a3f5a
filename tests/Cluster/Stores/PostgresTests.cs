using System.Diagnostics;

namespace Bam.Cluster.Stores;

/// <summary>A cluster on PostgreSQL: what it is told, what it loses.</summary>
[Collection(nameof(UndisturbedRunCollection))]
public sealed class PostgresTests(UndisturbedRun undisturbed, ITestOutputHelper output)
{
    [Fact]
    public async Task A_killed_silo_and_a_restarted_database_cost_no_bit_of_the_run()
    {
        await using var postgres = await PostgresClusters.Start();
        await using var cluster = await TestCluster.Up(silos: 3, postgres.Option);
        await cluster.Launch(SmallRun.Write(cluster.Home));

        await cluster.Until(SmallRun.Name, view => view.Step("seed") > 60);
        await Restart(postgres, TimeSpan.FromSeconds(4));

        var trains = await cluster.Until(SmallRun.Name, view => view.Step("law") > 60 && view.SiloOf("law") is not null);
        cluster.Kill(trains.SiloOf("law")!);

        await cluster.Until(SmallRun.Name, view => view.Step("bam") > 60);
        await Restart(postgres, TimeSpan.FromSeconds(4));
        var ended = await cluster.Completed(SmallRun.Name);

        Assert.Equal(undisturbed.View.Hashes, ended.Hashes);
        Assert.True(ended.Restarts >= 1, $"{ended.Restarts} restarts");
        output.WriteLine($"{ended.Restarts} restarts");
        Assert.False(File.Exists(Path.Combine(cluster.Home, "cluster.db")));
    }

    [Fact]
    public async Task A_console_that_only_knows_the_database_finds_the_cluster_and_a_new_home_its_silos_runs()
    {
        await using var postgres = await PostgresClusters.Start();
        await using var cluster = await TestCluster.Up(silos: 1, postgres.Option);
        var elsewhere = Path.Combine(cluster.Home, "another-home");
        Directory.CreateDirectory(elsewhere);

        var status = await BamProcess.Run([new("BAM_DATABASE", postgres.Option)], "cluster", "status", "--home", elsewhere);
        var lost = await BamProcess.Run("runs", "--home", elsewhere);
        var runs = await BamProcess.Run("runs", "--database", postgres.Option, "--home", elsewhere);

        Assert.Contains("silo-1", status.MustSucceed().Output, StringComparison.Ordinal);
        Assert.Equal(3, lost.ExitCode);
        runs.MustSucceed();
    }

    private async Task Restart(PostgresClusters postgres, TimeSpan pause)
    {
        var began = Stopwatch.GetTimestamp();
        await postgres.Server.Down();
        await Task.Delay(pause);
        await postgres.Server.Up();
        output.WriteLine($"the database was away for {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
    }
}
