using Bam.Training.Kernels;
using Bam.Training.Native;
using Bam.Training.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

/// <summary>The same numbers twice: bfloat16 on the GPU, and float64 on the CPU.</summary>
/// <param name="Fast">On the GPU.</param>
/// <param name="Exact">On the CPU.</param>
internal sealed record Twins(Tensor Fast, Tensor Exact)
{
    /// <summary>Rounding to bfloat16 changes a number by up to 0.4 %, on average by 0.1 %.</summary>
    public const double OneRounding = 4e-3;

    private static readonly Scalar Minus = (-1f).ToScalar();

    public Matrix FastRows => Matrix.Of(Fast);

    public Matrix ExactRows => Matrix.Of(Exact);

    /// <summary>Skips a test, with a word, where there is no GPU to run it on.</summary>
    public static CudaKernels Kernels()
    {
        var missing = !TorchLibrary.Load().HasCuda ? "this libtorch knows no CUDA" : !cuda.is_available() ? "no CUDA device" : CudaLibraries.Missing;
        Assert.SkipWhen(missing is not null, $"needs a GPU: {missing}");
        InitializeDeviceType(DeviceType.CUDA);
        return new CudaKernels(device("cuda:0"));
    }

    /// <summary>Normal numbers in rows of a wider matrix; with an odd offset no row begins at 16 bytes.</summary>
    public static Twins Draw(int seed, string name, int rows, int columns, double scale = 1, int offset = 0)
    {
        var values = new float[rows * (columns + offset)];
        GaussianSource.Fill(values, seed, name, scale);
        return Of(values, rows, columns + offset, ScalarType.BFloat16).Part(offset, columns);
    }

    /// <summary>Float32 numbers on the GPU.</summary>
    public static Twins Wide(int seed, string name, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        GaussianSource.Fill(values, seed, name, 1);
        var exact = tensor(values, shape).clone();
        return new(exact.cuda(), exact.to(float64));
    }

    public static Twins Of(float[] values, int rows, int columns, ScalarType type)
    {
        var fast = tensor(values, [rows, columns]).to(type);
        return new(fast.cuda(), fast.to(float64));
    }

    /// <summary>Undefined at first: NaN, so that what is not written is seen.</summary>
    public static Twins Empty(int rows, int columns, int offset = 0)
    {
        var exact = full([rows, columns + offset], double.NaN.ToScalar(), float64);
        return new Twins(exact.to(bfloat16).cuda(), exact).Part(offset, columns);
    }

    public static Twins EmptyWide(params long[] shape)
    {
        var exact = full(shape, double.NaN.ToScalar(), float64);
        return new Twins(exact.to(float32).cuda(), exact);
    }

    public static Twins Integers(long[] values) => new(tensor(values).cuda(), tensor(values).clone());

    public Twins Part(int first, int columns) => new(Fast.narrow(1, first, columns), Exact.narrow(1, first, columns));

    /// <summary>Whether what both made of it agrees: the norm of the difference as a part of the norm.</summary>
    public void Agree(string what, double tolerance = OneRounding) => Agree(what, Exact, Fast, tolerance);

    public void Agree(string what, Tensor exact) => Agree(what, exact, Fast);

    public static void Agree(string what, Tensor exact, Tensor fast, double tolerance = OneRounding)
    {
        var found = fast.cpu().to(float64);
        var norm = Math.Max(exact.norm().item<double>(), 1e-12);
        var difference = found.add(exact, Minus).norm().item<double>() / norm;
        Assert.True(difference <= tolerance, $"{what}: differs by {difference:g3} of its norm {norm:g3}");
    }
}
