using Bam.Training.Checkpoints;
using Bam.Training.Optimization;

namespace Bam.Training.Sessions;

/// <summary>Where a training stands whose weights and moments were just set.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Durable">Step of its own checkpoint that this is; -1 for none.</param>
/// <param name="Folder">Folder that the weights came from; null for random ones.</param>
/// <param name="Skips">Batches left out so far.</param>
/// <param name="UsefulSeconds">Seconds spent in the steps that lead here.</param>
/// <param name="History">The loss over those steps.</param>
/// <param name="Damaged">Damaged checkpoints that were set aside on the way, newest first.</param>
internal sealed record TrainingPosition(
    long Step, long Durable, string? Folder, BatchSkips Skips, double UsefulSeconds, TrainingHistory History, IReadOnlyList<string> Damaged);
