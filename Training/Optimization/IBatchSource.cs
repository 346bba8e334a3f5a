namespace Bam.Training.Optimization;

/// <summary>Batches as a pure function of the step, so that resuming needs no replay.</summary>
public interface IBatchSource
{
    /// <summary>Writes the inputs and targets of a step, counted from 0: B windows of T tokens each, row-major.</summary>
    void Fill(long step, Span<long> inputs, Span<long> targets);
}
