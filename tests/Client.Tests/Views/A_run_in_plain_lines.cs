using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Views;

public sealed class A_run_in_plain_lines
{
    [Fact]
    public void Has_one_line_an_event() => Assert.Equal(
        "2026-02-03T04:00:09Z checkpoint-published law: step 50 is safe",
        PlainLines.Event(Statuses.Event(9, RunEventKind.CheckpointPublished, "step 50\nis safe", "law")));

    [Fact]
    public void Has_one_line_of_progress() => Assert.Equal(
        "2026-02-03T04:03:12Z progress branch 47% elapsed=3m12s eta=4m10s law=75/300 loss=2.250 tokens/s=8123",
        PlainLines.Progress(Statuses.Branching, Statuses.Launched + TimeSpan.FromSeconds(192)));

    [Fact]
    public void Says_its_progress_every_ten_seconds_and_that_it_reconnects_once()
    {
        var (lines, clock) = (new StringWriter(), new SettableClock(Statuses.Launched));
        var view = new PlainRunView(lines, clock);

        for (var second = 0; second < 25; second++, clock.Now += TimeSpan.FromSeconds(1))
        {
            view.Show(Statuses.Branching, []);
            if (second > 20) continue;
            view.Reconnecting();
            view.Reconnecting();
        }

        var said = lines.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, said.Count(line => line.Contains(" progress ", StringComparison.Ordinal)));
        Assert.Equal(21, said.Count(line => line.EndsWith(" reconnecting...", StringComparison.Ordinal)));
    }

    [Fact]
    public void Has_its_times_in_utc_whatever_the_zone_and_no_time_below_zero()
    {
        var tokyo = Statuses.Event(9, RunEventKind.Launched, "go") with { Time = new DateTimeOffset(2026, 3, 1, 8, 30, 0, TimeSpan.FromHours(9)) };

        Assert.StartsWith("2026-02-28T23:30:00Z ", PlainLines.Event(tokyo), StringComparison.Ordinal);
        // The clock was set back since the launch.
        Assert.Contains(" elapsed=0s ", PlainLines.Progress(Statuses.Branching, Statuses.Launched - TimeSpan.FromDays(1)), StringComparison.Ordinal);
    }

    private sealed class SettableClock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
