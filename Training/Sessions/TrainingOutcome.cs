using Bam.Training.Checkpoints;

namespace Bam.Training.Sessions;

/// <summary>How an attempt ended.</summary>
/// <param name="Completed">Whether the model is finished and evaluated; false when it was told to stop.</param>
/// <param name="Checkpoint">Newest checkpoint; null when it was stopped before its first.</param>
public sealed record TrainingOutcome(bool Completed, Checkpoint? Checkpoint);
