namespace Bam.Training.Kernels;

/// <summary>Where the parts of a block's first product begin; parts that the model lacks are empty.</summary>
/// <param name="Count">All of them, filled up to a multiple of 8.</param>
internal sealed record InputColumns(int Q, int K, int V, int Gate, int Up, int AttentionRouter, int FfnRouter, int Count);
