using Bam.Client.Clusters;

namespace Bam.Client.Tests.Clusters;

public sealed class ClusterSettingsTests
{
    [Fact]
    public void Gpus_give_one_silo_each_that_sees_its_own_as_the_first()
    {
        var settings = new ClusterSettings { Gpus = ["0", "3"], PortBase = 20000 }.Resolve();

        Assert.Equal((2, "cuda:0"), (settings.Silos, settings.Device));
        Assert.Equal(["0", "3"], SiloState.Plan(settings).Select(silo => silo.Gpu));
    }

    [Fact]
    public void Every_silo_has_three_ports_of_its_own()
    {
        var silos = SiloState.Plan(new ClusterSettings { Silos = 3, PortBase = 20000 }.Resolve());

        Assert.Equal(Enumerable.Range(20000, 9), silos.SelectMany(silo => new[] { silo.SiloPort, silo.GatewayPort, silo.HttpPort }));
    }

    [Fact]
    public void Cores_are_shared_evenly_and_no_silo_goes_without()
    {
        Assert.Equal(Environment.ProcessorCount, new ClusterSettings { Silos = 1 }.Resolve().Threads);
        Assert.InRange(new ClusterSettings { Silos = 64 }.Resolve().Threads!.Value, 1, Math.Max(1, Environment.ProcessorCount / 2));
        Assert.Equal(5, new ClusterSettings { Threads = 5 }.Resolve().Threads);
    }

    [Fact]
    public void A_cluster_meets_the_settings_it_was_started_with_whatever_ports_it_found()
    {
        var asked = new ClusterSettings { Gpus = ["0"] }.Resolve();
        var running = asked with { Gpus = ["0"], PortBase = 11111 };

        Assert.True(asked.AreMetBy(running));
        Assert.True((asked with { PortBase = 11111 }).AreMetBy(running));
        Assert.False((asked with { PortBase = 11114 }).AreMetBy(running));
        Assert.False((asked with { Gpus = ["1"] }).AreMetBy(running));
        Assert.False((asked with { Threads = 99 }).AreMetBy(running));
    }

    [Theory]
    [InlineData(0, null, null, "--silos")]
    [InlineData(65, null, null, "--silos")]
    [InlineData(1, 80, null, "--port-base")]
    [InlineData(2, 65531, null, "--port-base")]
    [InlineData(1, null, 0, "--threads")]
    public void A_number_out_of_range_is_refused_by_the_name_of_its_option(int silos, int? portBase, int? threads, string option)
    {
        var settings = new ClusterSettings { Silos = silos, PortBase = portBase, Threads = threads };

        var refused = Assert.Throws<UserException>(settings.Resolve);

        Assert.StartsWith(option, refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
    }
}
