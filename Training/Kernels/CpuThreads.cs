using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// Cuts rows into pieces and gives them to as many threads as torch uses. Where a piece begins depends on the sizes alone, so a sum over
/// pieces is the same for any number of threads.
/// </summary>
internal static class CpuThreads
{
    private const int NumbersPerPiece = 1 << 15;                               // 128 KiB: more than a thread costs, less than a core's cache

    /// <summary>Rows of one piece.</summary>
    public static int RowsPerPiece(int columns) => Math.Max(1, NumbersPerPiece / Math.Max(1, columns));

    public static int Pieces(int rows, int columns) => (rows + RowsPerPiece(columns) - 1) / RowsPerPiece(columns);

    /// <summary>Runs <paramref name="work"/> on each piece: its number, its first row, and the row after its last.</summary>
    public static void ForRows(int rows, int columns, Action<int, int, int> work)
    {
        var each = RowsPerPiece(columns);
        ForEach(Pieces(rows, columns), piece => work(piece, piece * each, Math.Min(rows, (piece + 1) * each)));
    }

    public static void ForEach(int pieces, Action<int> work)
    {
        var threads = get_num_threads();
        if (threads == 1 || pieces == 1)
        {
            for (var piece = 0; piece < pieces; piece++)
                work(piece);
            return;
        }

        Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
    }
}
