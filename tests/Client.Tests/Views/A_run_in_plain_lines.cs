using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Views;

public sealed class A_run_in_plain_lines : IDisposable
{
    private readonly ManualClock _clock = new(Pictures.Now);
    private readonly StringWriter _lines = new();
    private readonly PlainRunView _view;

    public A_run_in_plain_lines() => _view = new(_lines, _clock);

    public void Dispose() => _lines.Dispose();

    private string[] Said => _lines.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Has_one_line_an_event() => Assert.Equal(
        "2026-02-03T04:00:09Z checkpoint-published law: step 50 is safe",
        PlainLines.Event(Statuses.Event(9, RunEventKind.CheckpointPublished, "step 50\nis safe", "law")));

    [Fact]
    public void Names_the_model_of_an_event_unless_its_text_does()
    {
        Assert.EndsWith(" failed: the flaw of law", PlainLines.Event(Statuses.Event(9, RunEventKind.MemberFailed, "failed: the flaw of law", "law")), StringComparison.Ordinal);
        Assert.EndsWith(" law: a flaw of law-2", PlainLines.Event(Statuses.Event(9, RunEventKind.MemberFailed, "a flaw of law-2", "law")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("running")]
    [InlineData("recovering")]
    [InlineData("failed")]
    [InlineData("completed")]
    public void Has_a_line_for_each_fact(string picture)
    {
        _view.Show(Pictures.Named(picture).Status, [.. Pictures.Named(picture).Events]);

        Snapshot.Matches($"{picture}-plain", _lines.ToString().TrimEnd());
        Assert.All(_lines.ToString(), character => Assert.True(character == '\n' || !char.IsControl(character)));
    }

    [Fact]
    public void Says_what_moves_every_ten_seconds_and_a_new_state_at_once()
    {
        for (var second = 0; second < 25; second++, _clock.Forward(1))
        {
            var members = Statuses.Branching.Members.Select(member => member.Name != "law" ? member : member with { Step = 75 + second, State = second == 13 ? MemberState.Recovering : MemberState.Training });
            _view.Show(Statuses.Branching with { Members = [.. members] }, []);
        }

        Assert.Equal([0, 10, 20], At(" progress branch "));
        Assert.Equal([0, 10, 13, 14, 24], At(" progress law: "));
        Assert.Equal([0], At(" progress seed: "));
        Assert.Empty(At(" progress bam: "));
    }

    [Fact]
    public void Says_nothing_of_a_run_that_stands_still()
    {
        for (var second = 0; second < 600; second++, _clock.Forward(1)) _view.Show(Pictures.Paused.Status, []);

        Assert.Equal(1 + 4, Said.Length);
    }

    [Fact]
    public void Says_every_ten_seconds_that_the_cluster_is_gone_and_when_it_is_back()
    {
        _view.Show(Statuses.Completed, []);
        var before = Said.Length;
        for (var second = 0; second < 25; second++, _clock.Forward(1)) _view.Reconnecting();
        _view.Show(Statuses.Completed, []);

        Assert.Equal(
            ["cluster not reachable for 0s, trying again", "cluster not reachable for 10s, trying again", "cluster not reachable for 20s, trying again", "cluster answers again after 25s"],
            Said[before..].Select(line => line[21..]));
    }

    [Fact]
    public void Has_its_times_in_utc_whatever_the_zone_and_no_time_below_zero()
    {
        var tokyo = Statuses.Event(9, RunEventKind.Launched, "go") with { Time = new DateTimeOffset(2026, 3, 1, 8, 30, 0, TimeSpan.FromHours(9)) };

        Assert.StartsWith("2026-02-28T23:30:00Z ", PlainLines.Event(tokyo), StringComparison.Ordinal);
        // The clock was set back since the launch.
        Assert.Contains(" elapsed=0s ", PlainLines.Progress(Statuses.Branching, Statuses.Launched - TimeSpan.FromDays(1)), StringComparison.Ordinal);
    }

    /// <summary>Seconds after the beginning at which lines with this text were said.</summary>
    private IEnumerable<double> At(string text) => Said.Where(line => line.Contains(text, StringComparison.Ordinal))
        .Select(line => (DateTimeOffset.Parse(line[..20], System.Globalization.CultureInfo.InvariantCulture) - Pictures.Now).TotalSeconds);
}
