using System.Net;
using System.Net.Sockets;

namespace Bam.Silo.Tests;

public sealed class SiloProcessTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_silo_becomes_ready_shows_its_metrics_and_ends_well_on_sigterm()
    {
        await using var silo = SiloProcess.Start(_temporary.Folder, SiloProcess.FreePorts());
        await silo.WaitFor("/health/live", Cancellation);
        await silo.WaitFor("/health/ready", Cancellation);

        using var answer = await silo.Get("/metrics", Cancellation);
        var metrics = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.Contains("\norleans_", metrics, StringComparison.Ordinal);
        Assert.Contains("\ndotnet_gc_", metrics, StringComparison.Ordinal);
        Assert.Contains("\ndotnet_process_memory_working_set_bytes{", metrics, StringComparison.Ordinal);
        Assert.Contains("\nkestrel_", metrics, StringComparison.Ordinal);
        Assert.Contains("service_name=\"bam-silo\"", metrics, StringComparison.Ordinal);
        Assert.Contains("service_instance_id=\"silo-1\"", metrics, StringComparison.Ordinal);

        silo.Terminate();
        Assert.Equal(0, await silo.ExitCode(Cancellation));
        Assert.Empty(silo.Errors);
    }

    [Fact]
    public async Task A_silo_ends_well_on_ctrl_c()
    {
        await using var silo = SiloProcess.Start(_temporary.Folder, SiloProcess.FreePorts());
        await silo.WaitFor("/health/ready", Cancellation);

        silo.Signal("INT");

        Assert.Equal(0, await silo.ExitCode(Cancellation));
        Assert.Empty(silo.Errors);
    }

    [Fact]
    public async Task Silos_that_ping_each_other_leave_no_address_in_the_metrics()
    {
        await using var one = SiloProcess.Start(_temporary.Folder, SiloProcess.FreePorts());
        await one.WaitFor("/health/ready", Cancellation);
        await using var other = SiloProcess.Start(_temporary.Folder, SiloProcess.FreePorts());
        await other.WaitFor("/health/ready", Cancellation);

        var metrics = "";
        while (!metrics.Contains("\norleans_messaging_pings_sent_total", StringComparison.Ordinal))
        {
            using var answer = await one.Get("/metrics", Cancellation);
            metrics = await answer.Content.ReadAsStringAsync(Cancellation);
            await Task.Delay(500, Cancellation);
        }
        Assert.DoesNotContain(metrics.Split('\n'), line =>
            line.StartsWith("orleans_", StringComparison.Ordinal) && line.Contains("127.0.0.1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, "Bam:SiloPort")]
    [InlineData(1, "Bam:GatewayPort")]
    [InlineData(2, "Bam:HttpPort")]
    public async Task A_port_in_use_is_one_line_and_exit_code_2(int offset, string option)
    {
        var ports = SiloProcess.FreePorts();
        using var stranger = new TcpListener(IPAddress.Loopback, ports + offset);
        stranger.Start();

        await using var silo = SiloProcess.Start(_temporary.Folder, ports);

        Assert.Equal(2, await silo.ExitCode(Cancellation));
        Assert.Equal($"bam-silo: {option}: port {ports + offset} of 127.0.0.1 is in use; stop what uses it or give another", silo.Errors);
        Assert.Empty(Directory.GetFiles(_temporary.Folder));
    }

    public void Dispose() => _temporary.Dispose();
}
