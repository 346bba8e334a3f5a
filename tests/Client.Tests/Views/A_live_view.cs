using Bam.Client.Runs;
using Bam.Client.Tests.Verbs;
using Bam.Client.Views;
using Bam.Contracts.Status;
using Spectre.Console.Testing;

namespace Bam.Client.Tests.Views;

public sealed class A_live_view
{
    [Fact]
    public async Task Draws_the_run_anew_until_it_ends_and_keeps_the_last_six_events()
    {
        using var console = new TestConsole().Width(140).Height(60).Interactive();
        var cluster = new FakeCluster();
        cluster.Add(Statuses.Branching, Statuses.Branching, Statuses.Completed);
        cluster.Events.AddRange(Enumerable.Range(1, 9).Select(i => Statuses.Event(i, RunEventKind.Queued, $"event {i}.")));

        var end = await new RunWatcher(TimeProvider.System).Watch(
            cluster, "four", new LiveRunView(console, TimeProvider.System), TestContext.Current.CancellationToken);

        Assert.Equal(RunPhase.Completed, end.Phase);
        Assert.Contains("reconnecting...", console.Output, StringComparison.Ordinal);
        var last = console.Output[console.Output.LastIndexOf("four completed", StringComparison.Ordinal)..];
        Assert.Equal([4, 5, 6, 7, 8, 9], Enumerable.Range(1, 9).Where(i => last.Contains($"event {i}.", StringComparison.Ordinal)));
    }
}
