using Bam.Client.Runs;
using Bam.Client.Tests.Verbs;
using Bam.Client.Views;
using Bam.Contracts.Status;
using Bam.Terminals;
using Spectre.Console;
using Spectre.Console.Testing;

namespace Bam.Client.Tests.Views;

public sealed class A_live_view : IDisposable
{
    private readonly ManualClock _clock = new(Pictures.Now);
    private readonly TestConsole _console = new TestConsole().Width(100).Height(24).EmitAnsiSequences();
    private readonly VirtualScreen _screen = new(100, 24);
    private readonly TaskCompletionSource<RunStatus> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LiveRunView _view;
    private int _shown;

    public A_live_view() => _view = new(_console, _clock);

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task Has_a_screen_of_its_own_and_gives_the_terminal_back_with_the_last_picture_on_it()
    {
        _console.Write(new Text("$ bam watch four-domains\n"));
        var watching = _view.During(() => _end.Task);
        Assert.False(Screen().IsOther);   // before there is something to show

        _view.Show(Pictures.Running.Status, [.. Pictures.Running.Events]);
        Assert.Equal((true, false), (Screen().IsOther, Screen().IsCursorVisible));
        Assert.StartsWith("four-domains  branch  39%", Screen().Text, StringComparison.Ordinal);
        Assert.EndsWith("\nCtrl-C stops watching; the run goes on", Screen().Text, StringComparison.Ordinal);

        _end.SetResult(Pictures.Completed.Status);
        await watching;
        Assert.Equal((false, true), (Screen().IsOther, Screen().IsCursorVisible));
        Assert.StartsWith("$ bam watch four-domains\nfour-domains  branch  39%", Screen().Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Ctrl-C", Screen().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gives_the_terminal_back_whatever_happens()
    {
        var watching = _view.During(() => _end.Task);
        _view.Show(Pictures.Running.Status, []);
        _end.SetException(new InvalidDataException("a bug"));

        await Assert.ThrowsAsync<InvalidDataException>(() => watching);
        Assert.Equal((false, true), (Screen().IsOther, Screen().IsCursorVisible));
        Assert.StartsWith("four-domains  branch  39%", Screen().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaves_nothing_behind_when_the_terminal_gets_another_size()
    {
        var watching = _view.During(() => _end.Task);
        _view.Show(Pictures.Running.Status, [.. Pictures.Running.Events]);
        var seen = new LossCurves();
        seen.See(Pictures.Running.Status);
        foreach (var (width, height) in new[] { (60, 12), (20, 5), (200, 40), (80, 9), (100, 24) })
        {
            Screen().Resize(width, height);
            _console.Width(width).Height(height);
            _clock.Forward(0.5);

            var picture = Pictures.Running with { Now = _clock.Now, Curves = seen, Events = Recent(Pictures.Running.Events) };
            var lines = new RunScreen(picture, height).Of(width, Glyphs.Unicode).Select(line => line.ToString().TrimEnd());
            Assert.Equal(string.Join('\n', lines).TrimEnd(), Screen().Text);
        }

        _end.SetResult(Pictures.Running.Status);
        await watching;
    }

    [Fact]
    public async Task Wipes_away_what_a_key_has_left()
    {
        var watching = _view.During(() => _end.Task);
        _view.Show(Pictures.Running.Status, []);
        _clock.Forward(0.5);
        var before = Screen().Text;
        Screen().Write("^[[A\r\n\r\nhello");
        Assert.NotEqual(before, Screen().Text);

        _view.Show(Pictures.Running.Status, []);
        Assert.Equal(before, Screen().Text);
        _end.SetResult(Pictures.Running.Status);
        await watching;
    }

    [Fact]
    public async Task Keeps_its_picture_while_the_cluster_is_gone_says_for_how_long_and_goes_on()
    {
        var watching = _view.During(() => _end.Task);
        _view.Show(Pictures.Running.Status, []);
        _clock.Forward(3);
        Assert.DoesNotContain("not reachable", Screen().Text, StringComparison.Ordinal);

        _clock.Forward(9);
        Assert.Contains("\ncluster not reachable for 12s, trying again\n", Screen().Text, StringComparison.Ordinal);
        Assert.Contains("elapsed 3m24s", Screen().Text, StringComparison.Ordinal);
        Assert.Contains("\nmath", Screen().Text, StringComparison.Ordinal);

        _view.Show(Pictures.Running.Status, []);
        Assert.DoesNotContain("not reachable", Screen().Text, StringComparison.Ordinal);
        _view.Reconnecting();
        Assert.Contains("\ncluster not reachable for 0s, trying again\n", Screen().Text, StringComparison.Ordinal);
        _end.SetResult(Pictures.Running.Status);
        await watching;
    }

    [Fact]
    public async Task Draws_the_curve_of_what_it_sees()
    {
        var watching = _view.During(() => _end.Task);
        foreach (var (step, loss) in new[] { (10, 4.0), (20, 3.0), (30, 2.0), (20, 3.5) })   // the last one after a restart
            _view.Show(Statuses.Branching with { Members = [Statuses.Branching.Members[1] with { Step = step, Loss = loss }] }, []);

        Assert.Contains(" 3.500  ▇▁ ", Screen().Text, StringComparison.Ordinal);
        _end.SetResult(Pictures.Running.Status);
        await watching;
    }

    [Fact]
    public async Task Knows_the_curve_of_a_run_that_it_joins_late()
    {
        var cluster = new FakeCluster();
        cluster.Add(Statuses.Branching, Statuses.Completed);
        cluster.Histories.Add(new() { Name = "law", Training = [.. Enumerable.Range(1, 74).Select(step => new CurvePoint(step, 0, 10 - (step / 10.0)))], Validation = [] });
        await new RunWatcher(TimeProvider.System).Watch(cluster, "four", _view, TestContext.Current.CancellationToken);

        Assert.Matches(@"\nlaw .* ▇+▆+▅+▄+▃+▂+▁+ ", Screen().Text);
    }

    [Fact]
    public async Task Keeps_of_each_models_checkpoints_only_the_newest_so_that_a_restart_stays_in_sight()
    {
        var watching = _view.During(() => _end.Task);
        var restart = Statuses.Event(1, RunEventKind.Resumed, "on silo-2/cpu from step 100: the silo that trained it died", "math");
        _view.Show(Pictures.Running.Status, [restart, .. Enumerable.Range(2, 150).Select(i => Statuses.Event(i, RunEventKind.CheckpointPublished, $"step {i}", i % 2 == 0 ? "law" : "code"))]);

        Assert.Contains("resumed     math: on silo-2/cpu from step 100: the silo that trained it died", Screen().Text, StringComparison.Ordinal);
        Assert.Equal(2, Screen().Text.Split('\n').Count(line => line.Contains(" checkpoint ", StringComparison.Ordinal)));
        _end.SetResult(Pictures.Running.Status);
        await watching;
    }

    [Fact]
    public async Task Follows_a_run_to_its_end()
    {
        var cluster = new FakeCluster();
        cluster.Add(Statuses.Branching, Statuses.Branching, Statuses.Completed);
        cluster.Events.AddRange(Enumerable.Range(1, 9).Select(i => Statuses.Event(i, RunEventKind.Queued, $"event {i}.")));

        var end = await new RunWatcher(TimeProvider.System).Watch(cluster, "four", _view, TestContext.Current.CancellationToken);

        Assert.Equal(RunPhase.Completed, end.Phase);
        Assert.StartsWith("four  completed  100%", Screen().Text, StringComparison.Ordinal);
        Assert.All(Enumerable.Range(1, 9), i => Assert.Contains($"event {i}.", Screen().Text, StringComparison.Ordinal));
    }

    private static IReadOnlyCollection<RunEvent> Recent(IEnumerable<RunEvent> events)
    {
        var recent = new RecentEvents();
        recent.Add(events);
        return recent.All;
    }

    /// <summary>The terminal after all that was written so far.</summary>
    private VirtualScreen Screen()
    {
        var output = _console.Output;
        _screen.Write(output[_shown..].Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal));   // as a terminal's driver does
        _shown = output.Length;
        return _screen;
    }
}
