using Bam.Contracts.Status;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>A screen that is painted anew twice a second, for a terminal. What was last seen stays there when it is left.</summary>
internal sealed class LiveRunView(IAnsiConsole console, TimeProvider time) : IRunView
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    /// <summary>A cluster that answers does so within a moment; a call to one that is gone may hang for ten seconds.</summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(4);

    private readonly Lock _gate = new();
    private readonly RecentEvents _recent = new();
    private readonly LossCurves _curves = new();
    private FullScreen? _screen;
    private RunStatus? _status;
    private long _answered;
    private bool _isLost;

    public bool IsLookedAt => true;

    public async Task<RunStatus> During(Func<Task<RunStatus>> watching)
    {
        try
        {
            using var screen = new FullScreen(console, Paint);
            _screen = screen;
            await using var ticks = time.CreateTimer(_ => Paint(), null, TimeSpan.Zero, Tick).ConfigureAwait(false);
            return await watching().ConfigureAwait(false);
        }
        finally
        {
            if (_status is not null) console.Write(new RunScreen(Picture()));
        }
    }

    public void Show(RunStatus status, IReadOnlyList<RunEvent> events)
    {
        lock (_gate)
        {
            _status = status;
            _curves.See(status);
            _recent.Add(events);
            (_answered, _isLost) = (time.GetTimestamp(), false);
        }

        Paint();
    }

    public void Recall(IReadOnlyList<ModelHistory> histories)
    {
        lock (_gate) _curves.Recall(histories);
        Paint();
    }

    public void Reconnecting()
    {
        lock (_gate) _isLost = true;
        Paint();
    }

    private void Paint()
    {
        lock (_gate)
        {
            if (_status is not null) _screen?.Paint(height => new RunScreen(Picture() with { Hint = "Ctrl-C stops watching; the run goes on" }, height));
        }
    }

    private RunPicture Picture()
    {
        var silence = time.GetElapsedTime(_answered);
        return new(_status!, time.GetUtcNow())
        {
            Curves = _curves,
            Events = _recent.All,
            Zone = time.LocalTimeZone,
            Silence = _isLost || silence > SilenceLimit ? silence : null,
        };
    }
}
