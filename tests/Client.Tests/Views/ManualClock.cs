namespace Bam.Client.Tests.Views;

/// <summary>A clock that stands still until it is set forward; its timers then fire in the caller's thread.</summary>
internal sealed class ManualClock(DateTimeOffset now) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];

    public DateTimeOffset Now { get; private set; } = now;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => Now.UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state), Now + dueTime, period);
        lock (_gate) _timers.Add(timer);
        return timer;
    }

    public void Forward(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        ManualTimer[] due;
        lock (_gate) due = [.. _timers];
        foreach (var timer in due) timer.FireIfDue();
    }

    private sealed class ManualTimer(ManualClock clock, Action fire, DateTimeOffset next, TimeSpan period) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            (next, period) = (clock.Now + dueTime, newPeriod);
            return true;
        }

        public void FireIfDue()
        {
            if (clock.Now < next) return;
            next = period > TimeSpan.Zero ? clock.Now + period : DateTimeOffset.MaxValue;
            fire();
        }

        public void Dispose()
        {
            lock (clock._gate) clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
