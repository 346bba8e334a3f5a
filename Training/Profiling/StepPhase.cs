namespace Bam.Training.Profiling;

/// <summary>Parts of a training step.</summary>
public enum StepPhase
{
    Forward,
    Backward,
    Optimizer,
}
