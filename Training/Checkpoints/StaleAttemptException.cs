namespace Bam.Training.Checkpoints;

/// <summary>A newer attempt, or another cluster, holds the branch: this one must end and publish nothing.</summary>
public sealed class StaleAttemptException : CheckpointException
{
    public StaleAttemptException(string folder, int attempt, int newest)
        : base($"{folder}: attempt {attempt} was overtaken by attempt {newest}")
    {
    }

    internal StaleAttemptException(string message)
        : base(message)
    {
    }
}
