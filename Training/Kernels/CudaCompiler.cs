using System.Runtime.InteropServices;
using System.Text;

namespace Bam.Training.Kernels;

/// <summary>Compiles CUDA sources for one architecture, in memory, with the compiler library that comes with CUDA and PyTorch.</summary>
internal static unsafe partial class CudaCompiler
{
    /// <summary>Machine code for a device of compute capability <paramref name="capability"/>, such as 90.</summary>
    /// <exception cref="InvalidOperationException">The source is wrong; the message is the compiler's.</exception>
    public static byte[] Compile(string source, int capability)
    {
        Check(Create(out var program, source, "bam.cu", 0, 0, 0), "create");
        try
        {
            var options = new[] { $"--gpu-architecture=sm_{capability}", "--std=c++17" }.Select(Marshal.StringToCoTaskMemUTF8).ToArray();
            int result;
            fixed (nint* list = options)
                result = CompileProgram(program, options.Length, list);
            foreach (var option in options)
                Marshal.FreeCoTaskMem(option);
            if (result != 0)
            {
                Check(LogSize(program, out var size), "log");
                var log = new byte[size];
                fixed (byte* text = log)
                    Check(Log(program, text), "log");
                throw new InvalidOperationException($"CUDA kernels do not compile: {Encoding.UTF8.GetString(log).TrimEnd('\0', '\n')}");
            }

            Check(CodeSize(program, out var length), "code");
            var code = new byte[length];
            fixed (byte* image = code)
                Check(Code(program, image), "code");
            return code;
        }
        finally
        {
            _ = Destroy(ref program);
        }
    }

    private static void Check(int result, string what)
    {
        if (result != 0)
            throw new InvalidOperationException($"CUDA compiler: {what}: error {result}");
    }

    [LibraryImport(CudaLibraries.Compiler, EntryPoint = "nvrtcCreateProgram", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Create(out nint program, string source, string name, int headers, nint headerTexts, nint headerNames);

    [LibraryImport(CudaLibraries.Compiler, EntryPoint = "nvrtcCompileProgram")]
    private static partial int CompileProgram(nint program, int count, nint* options);

    [LibraryImport(CudaLibraries.Compiler, EntryPoint = "nvrtcGetProgramLogSize")]
    private static partial int LogSize(nint program, out nuint size);

    [LibraryImport(CudaLibraries.Compiler, EntryPoint = "nvrtcGetProgramLog")]
    private static partial int Log(nint program, byte* text);

    [LibraryImport(CudaLibraries.Compiler, EntryPoint = "nvrtcGetCUBINSize")]
    private static partial int CodeSize(nint program, out nuint size);

    [LibraryImport(CudaLibraries.Compiler, EntryPoint = "nvrtcGetCUBIN")]
    private static partial int Code(nint program, byte* image);

    [LibraryImport(CudaLibraries.Compiler, EntryPoint = "nvrtcDestroyProgram")]
    private static partial int Destroy(ref nint program);
}
