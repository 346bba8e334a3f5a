namespace Bam.Training.Kernels;

/// <summary>Cuts rows into pieces that fit into a core's cache; where a piece begins depends on the sizes alone, and so does a sum over pieces.</summary>
internal static class CpuPieces
{
    private const int NumbersPerPiece = 1 << 15;                               // 128 KiB

    /// <summary>Rows of one piece.</summary>
    public static int RowsPerPiece(int columns) => Math.Max(1, NumbersPerPiece / Math.Max(1, columns));

    public static int Count(int rows, int columns) => (rows + RowsPerPiece(columns) - 1) / RowsPerPiece(columns);

    /// <summary>Runs <paramref name="work"/> on each piece: its number, its first row, and the row after its last.</summary>
    public static void ForRows(int rows, int columns, Action<int, int, int> work)
    {
        var each = RowsPerPiece(columns);
        for (var piece = 0; piece < Count(rows, columns); piece++)
            work(piece, piece * each, Math.Min(rows, (piece + 1) * each));
    }

    public static void ForEach(int pieces, Action<int> work)
    {
        for (var piece = 0; piece < pieces; piece++)
            work(piece);
    }
}
