using System.Diagnostics;

namespace Bam.Cluster.Faults;

/// <summary>Ctrl-C, at the console and at a silo.</summary>
[Collection(nameof(FaultCollection))]
public sealed class InterruptTests(FaultCluster faults, ITestOutputHelper output)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Ctrl_C_ends_a_console_with_130_and_the_run_goes_on_and_a_second_one_ends_a_silo_that_hangs_at_once()
    {
        await faults.Begin();
        var hang = faults.Orders.Order("hang", "step", "law", FaultSeed.Of("interrupt").Next(41, 59));
        var file = FaultRun.Write(faults.Cluster.Home, "interrupt");
        using var console = BamProcess.Start([], "launch", file, "--home", faults.Cluster.Home);
        var error = console.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        _ = console.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var (hung, silo) = await faults.Orders.UntilFired(hang);

        Signals.Send(console.Id, Signals.Interrupt);
        await console.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Soon, TestContext.Current.CancellationToken);
        Signals.Send(silo, Signals.Interrupt);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.True(Signals.IsAlive(silo), "the first Ctrl-C waits for the step in flight");
        Signals.Send(silo, Signals.Interrupt);
        var asked = Stopwatch.GetTimestamp();
        while (Signals.IsAlive(silo) && Stopwatch.GetElapsedTime(asked) < Soon)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.False(Signals.IsAlive(silo), "the second Ctrl-C ends the silo at once");
        var ended = await faults.Cluster.Completed("interrupt");

        FaultReport.Add(output, "interrupt twice", "law", faults.Recovery("interrupt", "law", hung));
        Assert.Equal(130, console.ExitCode);
        Assert.Contains("bam watch interrupt", await error, StringComparison.Ordinal);
        Assert.InRange(ended.Restarts, 0, 2);
        await faults.AssertWhole(ended);
    }
}
