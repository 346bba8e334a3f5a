namespace Bam.Training.Profiling;

/// <summary>Time of one kind of operation.</summary>
/// <param name="Phase">Part of the step.</param>
/// <param name="Group">What it does: <see cref="OperationGroup"/>.</param>
/// <param name="Operation">Its name.</param>
/// <param name="Milliseconds">Time in one step.</param>
/// <param name="Calls">Calls in one step.</param>
public sealed record OperationTime(StepPhase Phase, string Group, string Operation, double Milliseconds, double Calls);
