namespace Bam.Training.Optimization;

/// <summary>Data of a model that makes no step.</summary>
internal sealed class NoBatches : IBatchSource
{
    public static readonly NoBatches Instance = new();

    public void Fill(long step, Span<long> inputs, Span<long> targets) => throw new InvalidOperationException("a model without data makes no step");
}
