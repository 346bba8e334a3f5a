namespace Bam.Training.Sessions;

/// <summary>A training that is about to take its first step.</summary>
/// <param name="Step">Steps done before.</param>
/// <param name="Parameters">Parameters of the model.</param>
/// <param name="Work">FLOPs and tokens of its steps.</param>
/// <param name="Damaged">Damaged checkpoints that were set aside, newest first.</param>
public sealed record PreparedTraining(long Step, long Parameters, TrainingWork Work, IReadOnlyList<string> Damaged);
