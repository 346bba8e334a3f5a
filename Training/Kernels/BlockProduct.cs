namespace Bam.Training.Kernels;

/// <summary>
/// Products of blocks that lie in a core's cache, by oneDNN's kernels, which libtorch makes for each shape when it is first asked for it: they read
/// blocks where they are, while MKL copies them first, which takes a third of the time of a product of 64 x 64 x 64.
/// </summary>
internal static unsafe class BlockProduct
{
    private const string Kernel = "_ZN2at6native7cpublas6brgemmEllllllbPKfS3_Pfb";   // at::native::cpublas::brgemm of float

    private static readonly Lazy<nint> Found = new(() => CpuExport.Find(Kernel));

    /// <summary>Whether this libtorch has it.</summary>
    public static bool IsThere => Found.Value != 0;

    /// <summary><c>into = left · right + (add ? into : 0)</c>, of rows that lie strides apart; on the calling thread.</summary>
    public static void Multiply(
        int rows, int columns, int depth, float* left, int leftStride, float* right, int rightStride, bool add, float* into, int stride)
    {
        const byte no = 0;                                                     // numbers of float32 do not lie in pairs
        var kernel = (delegate* unmanaged<long, long, long, long, long, long, byte, float*, float*, float*, byte, void>)Found.Value;
        kernel(rows, columns, depth, leftStride, rightStride, stride, add ? (byte)1 : no, left, right, into, no);
    }
}
