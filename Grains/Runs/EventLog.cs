using Bam.Contracts.Status;

namespace Bam.Grains.Runs;

/// <summary>
/// A run's event log: numbered without gaps, the newest lines kept. Readers see only what storage has: a number that a reader has seen
/// never belongs to another line, whatever dies.
/// </summary>
internal sealed class EventLog(List<RunEvent> events, TimeProvider time)
{
    private const int Capacity = 1000;

    private long _written = events.Count == 0 ? 0 : events[^1].Sequence;
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether there are lines that have not been written to storage.</summary>
    public bool IsDirty => events.Count > 0 && events[^1].Sequence > _written;

    public void Add(RunEventKind kind, string? member, string text, long? step = null, int? attempt = null)
    {
        events.Add(new RunEvent
        {
            Sequence = events.Count == 0 ? 1 : events[^1].Sequence + 1,
            Time = time.GetUtcNow(),
            Kind = kind,
            Member = member,
            Text = text,
            Step = step,
            Attempt = attempt,
        });
        if (events.Count > Capacity)
            events.RemoveRange(0, events.Count - Capacity);
    }

    /// <summary>The lines are in storage: readers may have them.</summary>
    public void Written()
    {
        if (!IsDirty)
            return;
        _written = events[^1].Sequence;
        Interlocked.Exchange(ref _grown, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    public async Task<EventPage> Read(long after, int max, TimeSpan wait, CancellationToken cancellation)
    {
        var grown = _grown.Task;
        if (_written <= after && wait > TimeSpan.Zero)
            await Task.WhenAny(grown, Task.Delay(wait, time, cancellation));
        var page = events.Where(line => line.Sequence > after && line.Sequence <= _written).Take(max).ToArray();
        return new EventPage(page, page.Length > 0 ? page[^1].Sequence : after);
    }
}
