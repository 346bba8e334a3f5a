namespace Bam.Client.Chaos.Invariants;

/// <summary>One look at the store of a model. The fence is read before the checkpoints.</summary>
/// <param name="Fence">Attempt that holds the store; null before the first.</param>
/// <param name="Published">Checkpoints with a manifest, by step.</param>
/// <param name="SetAside">Folders that were renamed <c>.corrupt</c>.</param>
internal sealed record MemberSnapshot(int? Fence, IReadOnlyList<PublishedCheckpoint> Published, IReadOnlyList<string> SetAside);
