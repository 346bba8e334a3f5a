namespace Bam.Training.Checkpoints;

/// <summary>The store has no room for a checkpoint.</summary>
public sealed class NoSpaceException(string message, Exception? inner = null) : CheckpointException(message, inner);
