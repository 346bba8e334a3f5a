namespace Bam.Client.Chaos.Invariants;

/// <summary>What must hold of the checkpoints of one model at any time.</summary>
internal static class StoreCheck
{
    /// <summary>Attempts in the order of steps, the chain of parents, and the tokens.</summary>
    public static IEnumerable<Violation> Of(string member, MemberHistory history)
    {
        var published = history.Last.Published.OrderBy(checkpoint => checkpoint.Step).ToArray();
        return Attempts(member, published).Concat(Chain(member, history, published)).Concat(Positions(member, published));
    }

    private static IEnumerable<Violation> Attempts(string member, PublishedCheckpoint[] published) =>
        from pair in published.Zip(published.Skip(1))
        where pair.Second.Attempt < pair.First.Attempt
        select new Violation(Invariant.OnePublisher, member, $"{pair.First} lies below {pair.Second}");

    /// <summary>An attempt goes on from what an older one left, and nothing older lies beyond that.</summary>
    private static IEnumerable<Violation> Chain(string member, MemberHistory history, PublishedCheckpoint[] published)
    {
        foreach (var checkpoint in published)
        {
            if (Own(checkpoint) is not { } parent)
                continue;
            if (parent.Step >= checkpoint.Step)
                yield return new(Invariant.TrainedOnce, member, $"{checkpoint} says that it went on from step {parent.Step}");
            if (history.Seen.GetValueOrDefault(parent.Folder) is { } seen && seen.Attempt >= checkpoint.Attempt)
                yield return new(Invariant.OnePublisher, member, $"{checkpoint} went on from {seen}: no older attempt");
            else if (!history.Seen.ContainsKey(parent.Folder) && history.FromTheStart)
                yield return new(Invariant.TrainedOnce, member, $"{checkpoint} went on from {parent.Folder}, which was never published");
        }

        foreach (var attempt in published.GroupBy(checkpoint => checkpoint.Attempt))
        {
            if (attempt.Select(checkpoint => checkpoint.Parent).Distinct().Count() > 1)
                yield return new(Invariant.TrainedOnce, member, $"attempt {attempt.Key} went on from several checkpoints: {string.Join(", ", attempt.Select(checkpoint => checkpoint.Parent ?? "none").Distinct())}");
            var from = Own(attempt.First())?.Step ?? -1;
            foreach (var beyond in published.Where(checkpoint => checkpoint.Attempt < attempt.Key && checkpoint.Step > from && checkpoint.Position is not null))
                yield return new(Invariant.TrainedOnce, member, $"attempt {attempt.Key} went on from {(from < 0 ? "the start" : $"step {from}")}, yet {beyond} is published: its steps were trained twice");
        }
    }

    private static IEnumerable<Violation> Positions(string member, PublishedCheckpoint[] published)
    {
        IReadOnlyList<long> before = [];
        foreach (var checkpoint in published)
        {
            if (checkpoint.ManifestStep != checkpoint.Step)
                yield return new(Invariant.Sound, member, $"{checkpoint.Folder} has the manifest of step {checkpoint.ManifestStep}");
            if (checkpoint.Position is not { } at)
                continue;
            var skipped = at.SkippedBatches;
            if (at.Step != checkpoint.Step)
                yield return new(Invariant.TrainedOnce, member, $"{checkpoint} has the state of step {at.Step}");
            if (at.Tokens != at.Step * at.Batch * at.Context)
                yield return new(Invariant.TrainedOnce, member, $"{checkpoint} has {at.Tokens} tokens; {at.Step} steps of {at.Batch} windows of {at.Context} are {at.Step * at.Batch * at.Context}");
            if (at.Windows != (at.Step + skipped.Count) * at.Batch)
                yield return new(Invariant.TrainedOnce, member, $"{checkpoint} has drawn {at.Windows} windows; {at.Step} steps and {skipped.Count} batches left out, of {at.Batch} each, are {(at.Step + skipped.Count) * at.Batch}");
            if (skipped.Distinct().Count() < skipped.Count || skipped.Any(batch => batch < 0 || batch >= at.Step + skipped.Count))
                yield return new(Invariant.TrainedOnce, member, $"{checkpoint} left out batches {string.Join(", ", skipped)}: each once, and only of those drawn");
            if (before.Except(skipped).ToArray() is { Length: > 0 } forgotten)
                yield return new(Invariant.TrainedOnce, member, $"{checkpoint} has forgotten that batches {string.Join(", ", forgotten)} were left out");
            before = skipped;
        }
    }

    /// <summary>The checkpoint of the same model that this one's attempt went on from; null for a start from elsewhere.</summary>
    private static (string Folder, long Step)? Own(PublishedCheckpoint checkpoint) =>
        checkpoint.Parent is { } parent && Path.GetDirectoryName(parent) == Path.GetDirectoryName(checkpoint.Folder)
            && Path.GetFileName(parent).Split('-') is ["step", var number] && long.TryParse(number, out var step)
            ? (parent, step)
            : null;
}
