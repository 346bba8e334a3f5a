using System.Net;
using System.Net.Sockets;
using Bam.Client.Clusters;
using Bam.Storage;

namespace Bam.Client.Tests.Clusters;

/// <summary>Real silo processes. One at a time: each cluster wants the whole machine while it starts.</summary>
[Collection("local clusters")]
public sealed class LocalClusterTests
{
    private static readonly ClusterSettings TwoSilos = new() { Silos = 2, Threads = 1 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Up_makes_all_silos_ready_and_down_leaves_no_process()
    {
        await using var temporary = new TemporaryHome();
        await LocalCluster.Up(temporary.Home, TwoSilos, Cancellation);

        var up = await LocalCluster.Status(temporary.Home, Cancellation);
        var processes = temporary.Processes();
        Assert.True(up!.KeeperRunning);
        Assert.Equal(["silo-1", "silo-2"], up.Silos.Select(silo => silo.Name));
        Assert.All(up.Silos, silo => Assert.True(silo.Ready));
        Assert.Equal(3, processes.Count);

        Assert.True(await LocalCluster.Down(temporary.Home, Cancellation));
        Assert.All(processes, process => Assert.False(process.IsAlive()));
        var down = await LocalCluster.Status(temporary.Home, Cancellation);
        Assert.False(down!.KeeperRunning);
        Assert.All(down.Silos, silo => Assert.Equal((null, false), (silo.ProcessId, silo.Ready)));
        Assert.False(await LocalCluster.Down(temporary.Home, Cancellation));
    }

    [Fact]
    public async Task Up_again_changes_nothing_and_with_other_settings_is_refused()
    {
        await using var temporary = new TemporaryHome();
        await LocalCluster.Up(temporary.Home, TwoSilos with { Silos = 1 }, Cancellation);
        var before = temporary.Processes();

        await LocalCluster.Up(temporary.Home, TwoSilos with { Silos = 1 }, Cancellation);
        Assert.Equal(before, temporary.Processes());

        var refused = await Assert.ThrowsAsync<UserException>(() => LocalCluster.Up(temporary.Home, TwoSilos, Cancellation));
        Assert.Contains("bam cluster down", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
        Assert.Equal(before, temporary.Processes());
    }

    [Fact]
    public async Task A_killed_silo_comes_back_on_the_same_ports()
    {
        await using var temporary = new TemporaryHome();
        await LocalCluster.Up(temporary.Home, TwoSilos, Cancellation);
        var before = (await LocalCluster.Status(temporary.Home, Cancellation))!.Silos;
        var killed = temporary.Processes().Single(process => process.Id == before[1].ProcessId);

        killed.Kill();
        var after = await Eventually(temporary.Home, silos => silos[1].Ready && silos[1].ProcessId != killed.Id);

        temporary.Processes();
        Assert.Equal(before[0], after[0]);
        Assert.Equal(before[1] with { ProcessId = after[1].ProcessId }, after[1]);
    }

    [Fact]
    public async Task Silos_outlive_a_killed_keeper_and_up_takes_their_place_on_the_same_ports()
    {
        await using var temporary = new TemporaryHome();
        await LocalCluster.Up(temporary.Home, TwoSilos with { Silos = 1 }, Cancellation);
        var keeper = ClusterState.Read(temporary.Home)!.Keeper!;
        var old = temporary.Processes();

        keeper.Kill();
        Assert.True(await keeper.WaitForExit(TimeSpan.FromSeconds(5), Cancellation));
        var orphaned = (await LocalCluster.Status(temporary.Home, Cancellation))!;
        Assert.Equal((false, true), (orphaned.KeeperRunning, orphaned.Silos[0].Ready));

        await LocalCluster.Up(temporary.Home, TwoSilos with { Silos = 1 }, Cancellation);
        temporary.Processes();
        var adopted = (await LocalCluster.Status(temporary.Home, Cancellation))!;
        Assert.All(old, process => Assert.False(process.IsAlive()));
        Assert.Equal(orphaned.Silos[0] with { ProcessId = adopted.Silos[0].ProcessId }, adopted.Silos[0]);
        Assert.True(adopted.KeeperRunning);
    }

    [Fact]
    public async Task Down_stops_silos_whose_keeper_was_killed()
    {
        await using var temporary = new TemporaryHome();
        await LocalCluster.Up(temporary.Home, TwoSilos with { Silos = 1 }, Cancellation);
        var processes = temporary.Processes();
        ClusterState.Read(temporary.Home)!.Keeper!.Kill();

        Assert.True(await LocalCluster.Down(temporary.Home, Cancellation));
        Assert.All(processes, process => Assert.False(process.IsAlive()));
    }

    [Fact]
    public async Task A_port_of_a_stranger_is_named_together_with_the_option_that_helps()
    {
        await using var temporary = new TemporaryHome();
        using var stranger = new TcpListener(IPAddress.Loopback, 0);
        stranger.Start();
        var taken = ((IPEndPoint)stranger.LocalEndpoint).Port;

        var refused = await Assert.ThrowsAsync<UserException>(
            () => LocalCluster.Up(temporary.Home, TwoSilos with { Silos = 1, PortBase = taken - 2 }, Cancellation));
        Assert.Contains($"{taken} is in use", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--port-base", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
        Assert.Empty(temporary.Processes());
    }

    [Fact]
    public async Task A_silo_that_cannot_start_is_shown_with_its_last_words_and_nothing_stays_behind()
    {
        await using var temporary = new TemporaryHome();
        await File.WriteAllTextAsync(new SqliteStore(temporary.Home.Folder).Path, "this is not a database, and long enough to be seen as none", Cancellation);

        var failed = await Assert.ThrowsAsync<UserException>(() => LocalCluster.Up(temporary.Home, TwoSilos, Cancellation));
        Assert.Contains("not a SQLite database", failed.Message, StringComparison.Ordinal);
        Assert.Equal(1, failed.ExitCode);
        Assert.Empty(temporary.Processes());
    }

    [Fact]
    public async Task A_home_without_a_cluster_has_no_status_and_nothing_to_stop()
    {
        await using var temporary = new TemporaryHome();

        Assert.Null(await LocalCluster.Status(temporary.Home, Cancellation));
        Assert.False(await LocalCluster.Down(temporary.Home, Cancellation));
    }

    private static async Task<IReadOnlyList<SiloReport>> Eventually(ClusterHome home, Func<IReadOnlyList<SiloReport>, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var silos = (await LocalCluster.Status(home, limit.Token))!.Silos;
            if (condition(silos)) return silos;
            await Task.Delay(100, limit.Token);
        }
    }
}
