using Bam.Contracts.Grains;
using Bam.Grains.Tests.Clusters;

namespace Bam.Grains.Tests.Devices;

public sealed class DevicePoolTests
{
    [Fact]
    public async Task Slots_go_to_who_came_first_and_a_lease_is_kept_until_it_is_released()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        var first = await cluster.Acquire("run/a");
        Assert.Null(await cluster.Acquire("run/b"));
        Assert.Null(await cluster.Acquire("run/c"));

        Assert.Equal(first, await cluster.Acquire("run/a"));
        await cluster.Deactivate(cluster.Pool);
        Assert.Equal(first, await cluster.Acquire("run/a"));
        Assert.Null(await cluster.Acquire("run/b"));
        Assert.Null(await cluster.Acquire("run/c"));
        await cluster.Release("run/a");

        Assert.Null(await cluster.Acquire("run/c"));
        Assert.Equal("run/b", (await cluster.Acquire("run/b"))!.Holder);
        Assert.Equal("run/b", Assert.Single(await cluster.Devices()).Holder);
    }

    [Fact]
    public async Task A_holder_that_stops_asking_loses_its_place_and_later_its_lease()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        await cluster.Acquire("run/a");
        Assert.Null(await cluster.Acquire("run/b"));
        Assert.Null(await cluster.Acquire("run/c"));

        cluster.Advance(TimeSpan.FromSeconds(31));
        await cluster.Release("run/a");
        Assert.Equal("run/c", (await cluster.Acquire("run/c"))!.Holder);

        cluster.Advance(TimeSpan.FromSeconds(100));
        Assert.Null(await cluster.Acquire("run/b"));
        cluster.Advance(TimeSpan.FromSeconds(25));
        Assert.Equal("run/b", (await cluster.Acquire("run/b"))!.Holder);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_wall_clock_that_jumps_by_a_day_ends_no_lease_and_changes_no_queue(int days)
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        await cluster.Acquire("run/a");
        Assert.Null(await cluster.Acquire("run/b"));
        Assert.Null(await cluster.Acquire("run/c"));

        cluster.JumpWallClocks(TimeSpan.FromDays(days));

        Assert.Null(await cluster.Acquire("run/c"));
        Assert.Equal("run/a", Assert.Single(await cluster.Devices()).Holder);
        await cluster.Release("run/a");
        Assert.Null(await cluster.Acquire("run/c"));
        Assert.Equal("run/b", (await cluster.Acquire("run/b"))!.Holder);
    }

    [Fact]
    public async Task A_dead_silos_lease_is_dropped_and_its_holder_gets_another_slot()
    {
        await using var cluster = await TrainingCluster.Start(silos: 2);
        var (a, b) = (await cluster.Acquire("run/a"), await cluster.Acquire("run/b"));
        Assert.NotEqual(a!.Silo, b!.Silo);

        await cluster.Kill(a.SiloName);
        await cluster.Release("run/b");
        DeviceLease? again = null;
        await TrainingCluster.Until(async () => (again = await cluster.Acquire("run/a")) is { } lease && lease.Silo.Equals(b.Silo));

        Assert.Equal("run/a", Assert.Single(await cluster.Devices()).Holder);
    }

    [Fact]
    public async Task A_lease_that_was_not_stored_is_not_given_out()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        cluster.Storage.Refuses = grain => grain == cluster.Pool.GetGrainId();
        await Assert.ThrowsAnyAsync<Exception>(() => cluster.Acquire("run/a"));
        cluster.Storage.Refuses = null;

        Assert.Equal("run/b", (await cluster.Acquire("run/b"))!.Holder);
        Assert.Null(await cluster.Acquire("run/a"));
    }
}
