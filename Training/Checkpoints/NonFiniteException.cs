namespace Bam.Training.Checkpoints;

/// <summary>A weight or a moment is NaN or infinite: such a state is never published.</summary>
public sealed class NonFiniteException(string message) : CheckpointException(message);
