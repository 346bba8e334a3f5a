using System.Collections.Concurrent;
using System.Text;

namespace Bam.Training.Kernels;

/// <summary>
/// Our CUDA sources, compiled for a device and for rows of one kind: so many numbers of bfloat16 an access (8 where rows are aligned to
/// 16 bytes, else 1), and so many accesses of a thread to cover a row of the model's width.
/// </summary>
internal sealed unsafe class CudaModule
{
    private readonly nint _module;
    private readonly ConcurrentDictionary<string, nint> _functions = [];

    public CudaModule(int device, int access, int held)
    {
        var capability = CudaCalls.Attribute(CudaCalls.MajorVersion, device) * 10 + CudaCalls.Attribute(CudaCalls.MinorVersion, device);
        fixed (byte* image = CudaCompiler.Compile(Source(access, held), capability))
            CudaCalls.Check(CudaCalls.LoadModule(out _module, image), "load kernels");
    }

    /// <summary>The sources as the compiler gets them.</summary>
    internal static string Source(int access, int held)
    {
        var text = new StringBuilder($"#define VEC {access}\n#define HELD {held}\n");
        foreach (var name in new[] { "common.cuh", "norm.cu", "elementwise.cu", "loss.cu", "routing.cu", "optimizer.cu" })
        {
            using var stream = typeof(CudaModule).Assembly.GetManifestResourceStream($"kernels/{name}")
                ?? throw new InvalidOperationException($"the program lacks its kernel source {name}");
            using var reader = new StreamReader(stream);
            text.Append("#line 1 \"").Append(name).Append("\"\n").Append(reader.ReadToEnd()).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Enqueues a kernel; it returns at once.</summary>
    public void Launch(string name, int blocks, int threads, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (blocks == 0)
            return;
        if (!_functions.TryGetValue(name, out var function))
        {
            CudaCalls.Check(CudaCalls.GetFunction(out function, _module, name), name);
            _functions[name] = function;
        }

        fixed (KernelArgument* first = arguments)
        {
            var places = stackalloc void*[arguments.Length];
            for (var i = 0; i < arguments.Length; i++)
                places[i] = first + i;
            CudaCalls.Check(CudaCalls.Launch(function, (uint)blocks, 1, 1, (uint)threads, 1, 1, 0, CudaStream.Current, places, null), name);
        }
    }
}
