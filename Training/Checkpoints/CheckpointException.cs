namespace Bam.Training.Checkpoints;

/// <summary>A checkpoint cannot be written or read; the message is one line with the folder and the remedy.</summary>
public class CheckpointException(string message, Exception? inner = null) : Exception(message, inner);
