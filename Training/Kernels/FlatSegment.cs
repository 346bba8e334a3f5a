using Bam.Training.Model;

namespace Bam.Training.Kernels;

/// <summary>Numbers in a row, of one tensor or of several that are decayed and frozen alike.</summary>
/// <param name="Piece">Index of the piece that they are part of.</param>
/// <param name="Offset">First number in the flat weights.</param>
/// <param name="Spec">The tensor.</param>
internal sealed record FlatSegment(int Piece, long Offset, long Count, TensorSpec Spec);
