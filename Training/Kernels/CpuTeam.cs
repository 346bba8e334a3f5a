using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Bam.Training.Kernels;

/// <summary>
/// Shares work among the threads on which libtorch's products run: its OpenMP's, by the function that compilers call for a parallel region.
/// They wait for work in a loop, so threads of our own would have to take turns with them on the same cores.
/// </summary>
/// <param name="threads">At most so many, the caller's among them.</param>
internal sealed unsafe class CpuTeam(int threads)
{
    private const string Region = "GOMP_parallel";                             // of GCC's OpenMP; LLVM's and Intel's have it, too
    private const int NumbersPerPiece = 1 << 15;                               // 128 KiB: more than a thread costs, less than a core's cache

    private static readonly Lazy<nint> Found = new(() => CpuExport.Find(Region));

    /// <summary>Whether this libtorch's threads can be had.</summary>
    public static bool IsThere => Found.Value != 0;

    /// <summary>Rows of a piece. Where a piece begins depends on the sizes alone, so a sum over pieces is the same with any number of threads.</summary>
    public static int RowsPerPiece(int columns) => Math.Max(1, NumbersPerPiece / Math.Max(1, columns));

    /// <summary>Runs <paramref name="work"/> on rows first to end - 1, a piece at a time.</summary>
    public void ForRows(int rows, int columns, Action<int, int> work)
    {
        var each = RowsPerPiece(columns);
        ForEach((rows + each - 1) / each, piece => work(piece * each, Math.Min(rows, (piece + 1) * each)));
    }

    /// <summary>Runs <paramref name="work"/> on pieces 0 to count - 1, in order on one thread and in no order on several.</summary>
    public void ForEach(int count, Action<int> work)
    {
        var wanted = Math.Min(threads, count);
        if (wanted < 2 || !IsThere)
        {
            for (var piece = 0; piece < count; piece++)
                work(piece);
            return;
        }

        var pieces = new Pieces(count, work);
        using var handle = new GCHandle<Pieces>(pieces);
        var region = (delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void>)Found.Value;
        region(&Join, GCHandle<Pieces>.ToIntPtr(handle), (uint)wanted, 0);
        pieces.Error?.Throw();
    }

    [UnmanagedCallersOnly]
    private static void Join(nint handle) => GCHandle<Pieces>.FromIntPtr(handle).Target.Work();

    private sealed class Pieces(int count, Action<int> work)
    {
        private int _taken;

        public ExceptionDispatchInfo? Error { get; private set; }

        /// <summary>Takes pieces until there are none; an error must not go up into OpenMP, which would end the process.</summary>
        public void Work()
        {
            try
            {
                for (int piece; (piece = Interlocked.Increment(ref _taken) - 1) < count;)
                    work(piece);
            }
            catch (Exception e)
            {
                Error = ExceptionDispatchInfo.Capture(e);
            }
        }
    }
}
