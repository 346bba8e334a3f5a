using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>The last events of a run. Of a model's checkpoints only the newest counts: they must not push out why it restarted.</summary>
internal sealed class RecentEvents
{
    private const int Most = 200;

    private readonly LinkedList<RunEvent> _events = [];

    /// <summary>Oldest first.</summary>
    public IReadOnlyCollection<RunEvent> All => _events;

    public void Add(IEnumerable<RunEvent> events)
    {
        foreach (var line in events)
        {
            if (line.Kind == RunEventKind.CheckpointPublished
                && _events.LastOrDefault(old => old.Kind == line.Kind && old.Member == line.Member) is { } older)
            {
                _events.Remove(older);
            }

            _events.AddLast(line);
            if (_events.Count > Most) _events.RemoveFirst();
        }
    }
}
