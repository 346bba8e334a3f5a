using System.Diagnostics;
using Bam.Client.Clusters;
using Bam.Storage;

namespace Bam.Client.Tests.Clusters;

[Collection("local clusters")]
public sealed class ClusterConnectionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_console_reaches_every_silo_of_a_cluster_and_says_so_when_it_is_down()
    {
        await using var temporary = new TemporaryHome();
        await LocalCluster.Up(temporary.Home, new() { Silos = 2, Threads = 1 }, Cancellation);
        temporary.Processes();

        await using (var connection = await ClusterConnection.Open(temporary.Home, TimeSpan.FromSeconds(20), Cancellation))
        {
            var active = await connection.Grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true, Cancellation);
            var gateways = (await LocalCluster.Status(temporary.Home, Cancellation))!.Silos.Select(silo => silo.SiloPort);
            Assert.Equal(gateways.Order(), active.Keys.Select(silo => silo.Endpoint.Port).Order());
        }

        await LocalCluster.Down(temporary.Home, Cancellation);
        var started = Stopwatch.GetTimestamp();
        var unreachable = await Assert.ThrowsAsync<UserException>(
            () => ClusterConnection.Open(temporary.Home, TimeSpan.FromSeconds(2), Cancellation));
        Assert.Equal($"no cluster answers at {temporary.Home.Folder}: start one with 'bam cluster up'", unreachable.Message);
        Assert.Equal(3, unreachable.ExitCode);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task A_home_without_a_database_is_refused_at_once()
    {
        await using var temporary = new TemporaryHome();

        var unreachable = await Assert.ThrowsAsync<UserException>(
            () => ClusterConnection.Open(temporary.Home, TimeSpan.FromHours(1), Cancellation));
        Assert.Equal(3, unreachable.ExitCode);
        Assert.False(File.Exists(new SqliteStore(temporary.Home.Folder).Path));
    }
}
