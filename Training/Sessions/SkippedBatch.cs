namespace Bam.Training.Sessions;

/// <summary>A batch gave no finite loss or gradient: the training has gone back and leaves it out.</summary>
/// <param name="Batch">Its number, from 0.</param>
/// <param name="Step">Steps done before it.</param>
/// <param name="ResumedFrom">Step that the training goes on from.</param>
/// <param name="LostSeconds">Seconds of the steps that are done again.</param>
/// <param name="Damaged">Damaged checkpoints that were set aside on the way back, newest first.</param>
public sealed record SkippedBatch(long Batch, long Step, long ResumedFrom, double LostSeconds, IReadOnlyList<string> Damaged);
