namespace Bam.Training.Checkpoints;

/// <summary>What became of a save.</summary>
/// <param name="Checkpoint">The published checkpoint; null when it failed.</param>
/// <param name="Problem">Why it failed; null when it did not.</param>
/// <param name="Bytes">Size of the weights and moments.</param>
/// <param name="Held">Time that the training stood still.</param>
/// <param name="Written">Time to hash, write, sync and publish.</param>
public sealed record SaveOutcome(Checkpoint? Checkpoint, CheckpointException? Problem, long Bytes, TimeSpan Held, TimeSpan Written)
{
    /// <summary>Kind of the problem, one word for a metric's label; null when there is none.</summary>
    public string? Reason => Problem switch
    {
        null => null,
        StaleAttemptException => "fenced",
        NoSpaceException => "space",
        NonFiniteException => "nonfinite",
        _ => "storage",
    };
}
