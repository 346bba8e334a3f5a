using System.Runtime.InteropServices;

namespace Bam.Training.Kernels;

/// <summary>The matrix product of the library that libtorch carries inside, for products too small for a call of torch's.</summary>
internal static unsafe partial class Mkl
{
    private const string Torch = "libtorch_cpu.so";
    private const byte Plain = (byte)'N', Transposed = (byte)'T';

    private static readonly Lazy<bool> Found = new(() =>
        NativeLibrary.TryLoad(Torch, typeof(Mkl).Assembly, null, out var library)
        && NativeLibrary.TryGetExport(library, "sgemm_", out _));

    /// <summary>Whether this libtorch has it.</summary>
    public static bool IsThere => Found.Value;

    /// <summary><c>into = factor · left · right + (add ? into : 0)</c>, rows a stride apart; a transposed one is stored as its transpose.</summary>
    public static void Multiply(
        int rows, int columns, int depth, float factor, float* left, int leftStride, bool leftTransposed, float* right, int rightStride, bool rightTransposed,
        bool add, float* into, int stride)
    {
        // It counts columns first, so a row-major product is that of the transposes in reverse.
        byte first = rightTransposed ? Transposed : Plain, second = leftTransposed ? Transposed : Plain;
        float old = add ? 1 : 0;
        Product(&first, &second, &columns, &rows, &depth, &factor, right, &rightStride, left, &leftStride, &old, into, &stride);
    }

    [LibraryImport(Torch, EntryPoint = "sgemm_")]
    private static partial void Product(
        byte* transposeA, byte* transposeB, int* m, int* n, int* k, float* alpha, float* a, int* lda, float* b, int* ldb, float* beta, float* c, int* ldc);
}
