using Bam.Client.Chaos.Invariants;
using Bam.Training.Checkpoints;

namespace Bam.Client.Chaos;

/// <summary>Watches the store of a run all the time, from a thread of its own, and remembers what it saw.</summary>
internal sealed class StoreWatch : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (MemberHistory History, MemberStoreReader Reader)> _members;
    private readonly HashSet<(string Folder, DateTimeOffset Created)> _verified = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    /// <param name="store">Folder of the run in the checkpoint store.</param>
    /// <param name="members">Its models.</param>
    public StoreWatch(string store, IEnumerable<string> members)
    {
        _members = members.ToDictionary(member => member, member => (new MemberHistory(member), new MemberStoreReader(Path.Combine(store, member))));
        Look();
        _watching = Task.Factory.StartNew(Watch, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The checkpoints of a model now, by step.</summary>
    public IReadOnlyList<PublishedCheckpoint> Published(string member)
    {
        lock (_gate)
        {
            Look(member);
            return _members[member].History.Last.Published;
        }
    }

    /// <summary>Excuses a checkpoint that is about to be damaged on purpose.</summary>
    public void Damage(string member, PublishedCheckpoint checkpoint)
    {
        lock (_gate)
            _members[member].History.Damage(checkpoint);
    }

    /// <summary>What has been violated so far, and what is not as it must be now.</summary>
    public IReadOnlyList<Violation> Check()
    {
        (string Member, PublishedCheckpoint Checkpoint)[] fresh;
        Violation[] found;
        lock (_gate)
        {
            Look();
            found = [.. _members.SelectMany(member => member.Value.History.Violations.Concat(StoreCheck.Of(member.Key, member.Value.History)))];
            fresh = [.. from member in _members
                        from checkpoint in member.Value.History.Last.Published
                        where !member.Value.History.WasDamaged(checkpoint) && !_verified.Contains((checkpoint.Folder, checkpoint.Created))
                        select (member.Key, checkpoint)];
        }

        return [.. found, .. fresh.Select(Verify).OfType<Violation>()];   // hashed beside the watch, which must not wait
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    /// <summary>Holds a published checkpoint against its manifest, once.</summary>
    private Violation? Verify((string Member, PublishedCheckpoint Checkpoint) published)
    {
        var (member, checkpoint) = published;
        if (MemberStore.Verify(checkpoint.Folder) is { Sound: null, Problem: var problem })
            // Pruned meanwhile: its manifest went first.
            return File.Exists(Path.Combine(checkpoint.Folder, CheckpointManifest.FileName)) ? new(Invariant.Sound, member, $"{checkpoint.Folder}: {problem}") : null;
        _verified.Add((checkpoint.Folder, checkpoint.Created));
        return null;
    }

    private void Watch()
    {
        while (!_stop.Token.WaitHandle.WaitOne(Period))
        {
            lock (_gate)
                Look();
        }
    }

    private void Look()
    {
        foreach (var member in _members.Keys)
            Look(member);
    }

    private void Look(string member)
    {
        var (history, reader) = _members[member];
        var look = reader.Look();
        history.Observe(history.Misses(look) ? reader.Look() : look);
    }
}
