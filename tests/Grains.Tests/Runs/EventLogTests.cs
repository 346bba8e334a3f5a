using Bam.Contracts.Status;
using Bam.Grains.Runs;

namespace Bam.Grains.Tests.Runs;

public sealed class EventLogTests
{
    [Fact]
    public async Task Readers_see_only_lines_that_are_stored()
    {
        var log = new EventLog([], TimeProvider.System);
        log.Add(RunEventKind.Launched, null, "one");
        Assert.Empty((await Read(log, 0)).Events);

        log.Written();

        Assert.Equal("one", Assert.Single((await Read(log, 0)).Events).Text);
    }

    [Fact]
    public async Task A_waiting_reader_gets_the_next_line_when_it_is_stored()
    {
        var log = new EventLog([], TimeProvider.System);
        var reading = log.Read(0, 10, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        log.Add(RunEventKind.Launched, null, "one");
        Assert.False(reading.IsCompleted);

        log.Written();

        Assert.Equal(1, (await reading).Next);
    }

    [Fact]
    public async Task Numbers_go_on_when_old_lines_are_cut_and_when_the_log_is_opened_again()
    {
        var lines = new List<RunEvent>();
        var log = new EventLog(lines, TimeProvider.System);
        for (var i = 1; i <= 1500; i++)
            log.Add(RunEventKind.CheckpointPublished, "a", $"{i}");
        log.Written();

        log = new EventLog(lines, TimeProvider.System);
        log.Add(RunEventKind.Ended, null, "1501");
        log.Written();

        Assert.Equal(1000, lines.Count);
        var page = await Read(log, 1400);
        Assert.Equal([.. Enumerable.Range(1401, 101).Select(number => (long)number)], page.Events.Select(line => line.Sequence));
        Assert.All(page.Events, line => Assert.Equal($"{line.Sequence}", line.Text));
        Assert.Equal(1501, page.Next);
    }

    private static Task<EventPage> Read(EventLog log, long after) =>
        log.Read(after, 1000, TimeSpan.Zero, TestContext.Current.CancellationToken);
}
