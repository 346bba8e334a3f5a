using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>Lines for a file or a pipe: one an event, and one of progress every ten seconds.</summary>
internal sealed class PlainRunView(TextWriter lines, TimeProvider time) : IRunView
{
    private static readonly TimeSpan ProgressPause = TimeSpan.FromSeconds(10);
    private DateTimeOffset _nextProgress = DateTimeOffset.MinValue;
    private bool _reconnecting;

    public Task<RunStatus> During(Func<Task<RunStatus>> watching) => watching();

    public void Show(RunStatus status, IReadOnlyList<RunEvent> events)
    {
        _reconnecting = false;
        foreach (var line in events)
            lines.WriteLine(PlainLines.Event(line));
        var now = time.GetUtcNow();
        if (status.HasEnded || now < _nextProgress) return;
        lines.WriteLine(PlainLines.Progress(status, now));
        _nextProgress = now + ProgressPause;
    }

    public void Reconnecting()
    {
        if (!_reconnecting) lines.WriteLine($"{PlainLines.Time(time.GetUtcNow())} reconnecting...");
        _reconnecting = true;
    }
}
