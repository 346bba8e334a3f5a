namespace Bam.Training.Checkpoints;

/// <summary>A newer attempt holds the branch: this one must end and publish nothing.</summary>
public sealed class StaleAttemptException(string folder, int attempt, int newest)
    : CheckpointException($"{folder}: attempt {attempt} was overtaken by attempt {newest}");
