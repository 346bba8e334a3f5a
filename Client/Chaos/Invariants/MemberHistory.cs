namespace Bam.Client.Chaos.Invariants;

/// <summary>
/// Remembers every look at the store of one model, and says what must not have happened between two of them. A look that misses what an
/// earlier one saw must be a fresh one, begun after that was noticed (<see cref="Misses"/>).
/// </summary>
internal sealed class MemberHistory(string member)
{
    /// <summary>A run file may ask for more checkpoints to be kept, not for fewer.</summary>
    public const int LeastKept = 2;

    private readonly List<Violation> _violations = [];
    private readonly Dictionary<string, PublishedCheckpoint> _seen = [];
    private readonly HashSet<(string Folder, DateTimeOffset Created)> _damaged = [];
    private MemberSnapshot? _last;

    public IReadOnlyList<Violation> Violations => _violations;

    /// <summary>Every checkpoint that was ever seen, by folder.</summary>
    public IReadOnlyDictionary<string, PublishedCheckpoint> Seen => _seen;

    public MemberSnapshot Last => _last ?? new(null, [], []);

    /// <summary>Whether the first look found nothing yet: then every checkpoint that a later one names must have been seen.</summary>
    public bool FromTheStart { get; private set; }

    /// <summary>Excuses a checkpoint that is damaged on purpose, before it is.</summary>
    public void Damage(PublishedCheckpoint checkpoint) => _damaged.Add((checkpoint.Folder, checkpoint.Created));

    public bool WasDamaged(PublishedCheckpoint checkpoint) => _damaged.Contains((checkpoint.Folder, checkpoint.Created));

    /// <summary>Whether a look does not see a checkpoint that the last one saw.</summary>
    public bool Misses(MemberSnapshot look)
    {
        var folders = look.Published.Select(checkpoint => checkpoint.Folder).ToHashSet();
        return Last.Published.Any(checkpoint => !folders.Contains(checkpoint.Folder));
    }

    public void Observe(MemberSnapshot look)
    {
        var before = _last;
        _last = look;
        if (before is null)
            FromTheStart = look.Published.Count == 0 && look.SetAside.Count == 0;
        else
            Compare(before, look);
        foreach (var checkpoint in look.Published)
            _seen[checkpoint.Folder] = checkpoint;
    }

    private void Compare(MemberSnapshot before, MemberSnapshot now)
    {
        if (now.Fence < before.Fence || (now.Fence is null && before.Fence is not null))
            Add(Invariant.OnePublisher, $"the fence went from attempt {before.Fence} back to {now.Fence?.ToString() ?? "none"}");
        var known = before.Published.ToDictionary(checkpoint => checkpoint.Folder);
        foreach (var checkpoint in now.Published)
        {
            var old = known.GetValueOrDefault(checkpoint.Folder);
            if (old is not null && old.Attempt == checkpoint.Attempt && old.Created == checkpoint.Created)
                continue;
            if (old is not null && !WasDamaged(old))
                Add(Invariant.NothingVanishes, $"{old} was replaced by {checkpoint}");
            if (checkpoint.Attempt < before.Fence)
                Add(Invariant.OnePublisher, $"{checkpoint} was published when attempt {before.Fence} held the store");
        }

        var there = now.Published.Select(checkpoint => checkpoint.Folder).ToHashSet();
        foreach (var gone in before.Published.Where(checkpoint => !there.Contains(checkpoint.Folder) && !WasDamaged(checkpoint)))
        {
            var newer = now.Published.Count(checkpoint => checkpoint.Step > gone.Step);
            if (now.SetAside.Except(before.SetAside).FirstOrDefault(folder => folder.StartsWith($"{gone.Folder}.corrupt", StringComparison.Ordinal)) is { } aside)
                Add(Invariant.Sound, $"{gone} was set aside as {aside}, and nobody had damaged it");
            else if (newer < LeastKept)
                Add(Invariant.NothingVanishes, $"{gone} is gone and {(newer == 0 ? "nothing newer is there" : "only one newer checkpoint is there")}");
        }
    }

    private void Add(Invariant invariant, string evidence) => _violations.Add(new(invariant, member, evidence));
}
