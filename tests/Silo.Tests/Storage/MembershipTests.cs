using System.Net;

namespace Bam.Silo.Tests.Storage;

/// <summary>What Orleans needs of membership, whichever database keeps it.</summary>
public abstract class MembershipTests : IDisposable
{
    private static readonly DateTime Start = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly OrleansStores _stores;

    private protected MembershipTests(OrleansStores stores) => _stores = stores;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_joiners_with_the_same_version_one_wins()
    {
        var table = await _stores.Membership(Cancellation);
        var empty = await table.ReadAllAsync(Cancellation);

        var won = await Task.WhenAll(Enumerable.Range(1, 8).Select(port => Task.Run(
            () => table.InsertRowAsync(Entry(port), empty.Version.Next(), Cancellation), Cancellation)));

        var after = await table.ReadAllAsync(Cancellation);
        Assert.Single(won, yes => yes);
        Assert.Single(after.Members);
        Assert.Equal(empty.Version.Version + 1, after.Version.Version);
    }

    [Fact]
    public async Task A_silo_joins_once()
    {
        var table = await _stores.Membership(Cancellation);

        Assert.True(await Insert(table, Entry(1)));
        var version = (await table.ReadAllAsync(Cancellation)).Version.Version;

        Assert.False(await Insert(table, Entry(1)));
        Assert.Equal(version, (await table.ReadAllAsync(Cancellation)).Version.Version);
    }

    [Fact]
    public async Task Of_updates_with_the_same_version_one_wins_and_is_read_back()
    {
        var table = await _stores.Membership(Cancellation);
        await Insert(table, Entry(1));
        var before = await table.ReadAllAsync(Cancellation);
        var etag = before.Members.Single().Item2;

        var updates = Enumerable.Range(2, 8).Select(accuser => Entry(1, SiloStatus.Active, accuser));
        var won = await Task.WhenAll(updates.Select(update => Task.Run(
            () => table.UpdateRowAsync(update, etag, before.Version.Next(), Cancellation), Cancellation)));

        var after = await table.ReadAllAsync(Cancellation);
        var row = after.Members.Single().Item1;
        Assert.Single(won, yes => yes);
        Assert.Equal(before.Version.Version + 1, after.Version.Version);
        Assert.Equal(SiloStatus.Active, row.Status);
        Assert.Equal(Array.IndexOf(won, true) + 2, row.SuspectTimes!.Single().Item1.Endpoint.Port);
        Assert.Equal(("silo-1", "host", 30001, Start), (row.SiloName, row.HostName, row.ProxyPort, row.StartTime));
    }

    [Fact]
    public async Task An_update_of_a_silo_that_is_not_there_changes_nothing()
    {
        var table = await _stores.Membership(Cancellation);
        var empty = await table.ReadAllAsync(Cancellation);

        Assert.False(await table.UpdateRowAsync(Entry(1), "0", empty.Version.Next(), Cancellation));
        Assert.Equal(empty.Version.Version, (await table.ReadAllAsync(Cancellation)).Version.Version);
    }

    [Fact]
    public async Task A_heartbeat_moves_forward_only_and_keeps_the_version()
    {
        var table = await _stores.Membership(Cancellation);
        await Insert(table, Entry(1));
        var version = (await table.ReadAllAsync(Cancellation)).Version.Version;

        foreach (var seconds in new[] { 20, 10 })
        {
            var entry = Entry(1);
            entry.IAmAliveTime = Start.AddSeconds(seconds);
            await table.UpdateIAmAliveAsync(entry, Cancellation);
        }

        var after = await table.ReadRowAsync(Entry(1).SiloAddress, Cancellation);
        Assert.Equal(Start.AddSeconds(20), after.Members.Single().Item1.IAmAliveTime);
        Assert.Equal(version, after.Version.Version);
    }

    [Fact]
    public async Task Cleaning_up_removes_the_long_dead_only()
    {
        var table = await _stores.Membership(Cancellation);
        await Insert(table, Entry(1, SiloStatus.Dead));
        await Insert(table, Entry(2, SiloStatus.Active));
        var recent = Entry(3, SiloStatus.Dead);
        recent.StartTime = recent.IAmAliveTime = Start.AddDays(2);
        await Insert(table, recent);

        await table.CleanupDefunctSiloEntriesAsync(Start.AddDays(1), Cancellation);

        var left = (await table.ReadAllAsync(Cancellation)).Members.Select(row => row.Item1.SiloAddress.Endpoint.Port);
        Assert.Equal([2, 3], left.Order());
    }

    public void Dispose()
    {
        _stores.Dispose();
        GC.SuppressFinalize(this);
    }

    private static async Task<bool> Insert(IMembershipTable table, MembershipEntry entry) =>
        await table.InsertRowAsync(entry, (await table.ReadAllAsync(Cancellation)).Version.Next(), Cancellation);

    private static MembershipEntry Entry(int port, SiloStatus status = SiloStatus.Joining, int? suspectedBy = null) => new()
    {
        SiloAddress = Silo(port),
        SiloName = $"silo-{port}",
        HostName = "host",
        Status = status,
        ProxyPort = 30000 + port,
        StartTime = Start,
        IAmAliveTime = Start,
        SuspectTimes = suspectedBy is { } accuser ? [Tuple.Create(Silo(accuser), Start)] : [],
    };

    private static SiloAddress Silo(int port) => SiloAddress.New(new IPEndPoint(IPAddress.Loopback, port), 42);
}
