using Bam.Client.Chaos.Invariants;

namespace Bam.Client.Tests.Chaos;

/// <summary>Stores of a model as a chaos run may see them: batches of 4 windows of 32 tokens, a checkpoint each 20 steps.</summary>
internal static class Stores
{
    private static readonly DateTimeOffset Begin = new(2026, 2, 3, 4, 0, 0, TimeSpan.Zero);

    /// <summary>Parent of every branch: another model's folder.</summary>
    public const string Seed = "/store/run/seed/step-00000060";

    public static string Folder(long step) => $"/store/run/law/step-{step:00000000}";

    public static PublishedCheckpoint Checkpoint(long step, int attempt, string? parent = Seed, params IReadOnlyList<long> skipped) => new(
        Folder(step), step, step, attempt, parent, Begin.AddSeconds(step + attempt),
        new(step, step * 4 * 32, (step + skipped.Count) * 4, 4, 32, skipped));

    public static MemberSnapshot Look(int? fence, params IReadOnlyList<PublishedCheckpoint> published) => new(fence, published, []);

    public static MemberHistory History(params IReadOnlyList<MemberSnapshot> looks)
    {
        var history = new MemberHistory("law");
        foreach (var look in looks) history.Observe(look);
        return history;
    }

    /// <summary>What is wrong between the looks, and with the last one.</summary>
    public static IReadOnlyList<(Invariant Invariant, string Evidence)> Wrong(params IReadOnlyList<MemberSnapshot> looks) => Wrong(History(looks));

    public static IReadOnlyList<(Invariant Invariant, string Evidence)> Wrong(MemberHistory history) =>
        [.. history.Violations.Concat(StoreCheck.Of("law", history)).Select(violation => (violation.Invariant, violation.Evidence))];
}
