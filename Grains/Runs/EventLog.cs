using Bam.Contracts.Status;

namespace Bam.Grains.Runs;

/// <summary>A run's event log: numbered without gaps, the newest lines kept, readers wait for the next one.</summary>
internal sealed class EventLog(List<RunEvent> events, TimeProvider time)
{
    private const int Capacity = 1000;

    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether there are lines that have not been written to storage.</summary>
    public bool IsDirty { get; private set; }

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
        IsDirty = true;
        Interlocked.Exchange(ref _grown, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    public void Written() => IsDirty = false;

    public async Task<EventPage> Read(long after, int max, TimeSpan wait, CancellationToken cancellation)
    {
        var grown = _grown.Task;
        if (events.Count == 0 || events[^1].Sequence <= after)
            await Task.WhenAny(grown, Task.Delay(wait, time, cancellation));
        var page = events.Where(line => line.Sequence > after).Take(max).ToArray();
        return new EventPage(page, page.Length > 0 ? page[^1].Sequence : after);
    }
}
