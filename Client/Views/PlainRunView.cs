using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>
/// Lines for a file or a pipe: one an event, one for a model when its state changes, and of what moves one a model and one for the run every
/// ten seconds.
/// </summary>
internal sealed class PlainRunView(TextWriter lines, TimeProvider time) : IRunView
{
    private static readonly TimeSpan ProgressPause = TimeSpan.FromSeconds(10);
    private readonly Dictionary<string, (DateTimeOffset At, MemberStatus Said)> _said = [];
    private (DateTimeOffset At, RunStatus? Said) _run = (DateTimeOffset.MinValue, null);
    private DateTimeOffset _answered = time.GetUtcNow(), _nextComplaint;

    public bool IsLookedAt => false;

    public Task<RunStatus> During(Func<Task<RunStatus>> watching) => watching();

    public void Show(RunStatus status, IReadOnlyList<RunEvent> events)
    {
        var now = time.GetUtcNow();
        if (_nextComplaint > DateTimeOffset.MinValue) lines.WriteLine($"{PlainLines.Time(now)} cluster answers again after {Figures.Duration(now - _answered)}");
        (_answered, _nextComplaint) = (now, DateTimeOffset.MinValue);
        foreach (var line in events)
            lines.WriteLine(PlainLines.Event(line));
        foreach (var member in status.Members.Where(member => IsNews(member, now)))
        {
            lines.WriteLine(PlainLines.Progress(member, now));
            _said[member.Name] = (now, member);
        }

        if (status.HasEnded || now - _run.At < ProgressPause || (_run.Said is { } said && Moved(said) == Moved(status))) return;
        lines.WriteLine(PlainLines.Progress(status, now));
        _run = (now, status);
    }

    public void Recall(IReadOnlyList<ModelHistory> histories)
    {
        // Lines have no curves.
    }

    public void Reconnecting()
    {
        var now = time.GetUtcNow();
        if (now < _nextComplaint) return;
        lines.WriteLine($"{PlainLines.Time(now)} cluster not reachable for {Figures.Duration(now - _answered)}, trying again");
        _nextComplaint = now + ProgressPause;
    }

    private bool IsNews(MemberStatus member, DateTimeOffset now) => _said.TryGetValue(member.Name, out var last)
        ? last.Said.State != member.State || (last.Said.Step != member.Step && now - last.At >= ProgressPause)
        : member.State != MemberState.Pending;

    private static (RunPhase Phase, bool Paused, double Progress) Moved(RunStatus status) => (status.Phase, status.Paused, status.Progress);
}
