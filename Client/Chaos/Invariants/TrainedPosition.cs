namespace Bam.Client.Chaos.Invariants;

/// <summary>What a checkpoint's <c>state.json</c> and <c>config.json</c> say of the work that led to it.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Tokens">Tokens trained.</param>
/// <param name="Windows">Windows drawn: the data position.</param>
/// <param name="Batch">Windows of a step.</param>
/// <param name="Context">Tokens of a window.</param>
/// <param name="SkippedBatches">Batches that were left out because they gave no finite number.</param>
internal sealed record TrainedPosition(long Step, long Tokens, long Windows, int Batch, int Context, IReadOnlyList<long> SkippedBatches);
