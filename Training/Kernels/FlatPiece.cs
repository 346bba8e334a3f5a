namespace Bam.Training.Kernels;

/// <summary>Weights that one product multiplies with: groups (experts) of rows, all in one piece of memory.</summary>
/// <param name="Name">Such as <c>blocks.0.in</c>.</param>
/// <param name="Offset">First number in the flat weights.</param>
internal sealed record FlatPiece(string Name, long Offset, int Groups, int Rows, int Columns)
{
    public long Count => (long)Groups * Rows * Columns;
}
