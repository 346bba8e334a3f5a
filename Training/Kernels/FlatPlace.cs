namespace Bam.Training.Kernels;

/// <summary>Where a tensor of the model lies in the flat weights.</summary>
internal sealed record FlatPlace(long Offset, long[] Shape, long[] Strides);
