using System.Runtime.InteropServices;

namespace Bam.Training.Kernels;

/// <summary>The calls of cuBLASLt that a matrix product needs.</summary>
internal static unsafe partial class CublasLt
{
    public const int BFloat16 = 14, Float32 = 0, ComputeFloat32 = 68, TransposeFirst = 3, TransposeSecond = 4, MostWorkspace = 1, LeastAlignment = 5;

    /// <summary>cublasLtMatmulHeuristicResult_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Heuristic
    {
        public fixed ulong Algorithm[8];
        public nuint Workspace;
        public int State;
        public float Waves;
        public fixed int Reserved[4];
    }

    public static void Check(int result, string what)
    {
        if (result != 0)
            throw new InvalidOperationException($"cuBLASLt: {what}: error {result}");
    }

    [LibraryImport(CudaLibraries.Products, EntryPoint = "cublasLtCreate")]
    public static partial int Create(out nint handle);

    [LibraryImport(CudaLibraries.Products, EntryPoint = "cublasLtMatmulDescCreate")]
    public static partial int CreateDescription(out nint description, int compute, int scale);

    [LibraryImport(CudaLibraries.Products, EntryPoint = "cublasLtMatmulDescSetAttribute")]
    public static partial int SetDescription(nint description, int attribute, void* value, nuint size);

    [LibraryImport(CudaLibraries.Products, EntryPoint = "cublasLtMatrixLayoutCreate")]
    public static partial int CreateLayout(out nint layout, int type, ulong rows, ulong columns, long stride);

    [LibraryImport(CudaLibraries.Products, EntryPoint = "cublasLtMatmulPreferenceCreate")]
    public static partial int CreatePreference(out nint preference);

    [LibraryImport(CudaLibraries.Products, EntryPoint = "cublasLtMatmulPreferenceSetAttribute")]
    public static partial int SetPreference(nint preference, int attribute, void* value, nuint size);

    [LibraryImport(CudaLibraries.Products, EntryPoint = "cublasLtMatmulAlgoGetHeuristic")]
    public static partial int Ask(
        nint handle, nint description, nint a, nint b, nint c, nint d, nint preference, int wanted, Heuristic* results, out int found);

    [LibraryImport(CudaLibraries.Products, EntryPoint = "cublasLtMatmul")]
    public static partial int Multiply(
        nint handle, nint description, void* alpha, nint a, nint layoutA, nint b, nint layoutB, void* beta, nint c, nint layoutC, nint d, nint layoutD,
        Heuristic* algorithm, nint workspace, nuint workspaceBytes, nint stream);
}
