using Bam.Contracts.Status;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>A screen that is drawn anew, for a terminal.</summary>
internal sealed class LiveRunView(IAnsiConsole console, TimeProvider time) : IRunView
{
    private const int RecentEvents = 6;
    private readonly Queue<RunEvent> _recent = new();
    private LiveDisplayContext? _screen;
    private RunStatus? _status;

    public Task<RunStatus> During(Func<Task<RunStatus>> watching) => console
        .Live(new Text("connecting..."))
        .Overflow(VerticalOverflow.Ellipsis)
        .StartAsync(context =>
        {
            _screen = context;
            return watching();
        });

    public void Show(RunStatus status, IReadOnlyList<RunEvent> events)
    {
        _status = status;
        foreach (var line in events)
        {
            _recent.Enqueue(line);
            if (_recent.Count > RecentEvents) _recent.Dequeue();
        }

        Draw(reconnecting: false);
    }

    public void Reconnecting() => Draw(reconnecting: true);

    private void Draw(bool reconnecting)
    {
        if (_status is not null) _screen?.UpdateTarget(RunScreen.Render(_status, [.. _recent], time.GetUtcNow(), reconnecting));
    }
}
