using Bam.Training.Kernels;
using Bam.Training.Native;
using Bam.Training.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

/// <summary>Makes numbers for kernels of a device, and the same in float64.</summary>
/// <param name="Device">Where the kernels run.</param>
/// <param name="Type">Type of their arithmetic.</param>
/// <param name="OneRounding">How far a rounding to it changes a number, as a part of it; a sum of many is off by more.</param>
internal sealed record TwinMaker(Device Device, ScalarType Type, double OneRounding)
{
    /// <summary>Rounding to bfloat16 changes a number by up to 0.4 %, on average by 0.1 %.</summary>
    public static TwinMaker Cuda()
    {
        var missing = !TorchLibrary.Load().HasCuda ? "this libtorch knows no CUDA" : !cuda.is_available() ? "no CUDA device" : CudaLibraries.Missing;
        Assert.SkipWhen(missing is not null, $"needs a GPU: {missing}");
        InitializeDeviceType(DeviceType.CUDA);
        return new(torch.device("cuda:0"), ScalarType.BFloat16, 4e-3);
    }

    public static TwinMaker Cpu()
    {
        TorchLibrary.Load();
        return new(CPU, ScalarType.Float32, 1e-5);
    }

    /// <summary>Normal numbers in rows of a wider matrix; with an odd offset no row begins at 16 bytes.</summary>
    public Twins Draw(int seed, string name, int rows, int columns, double scale = 1, int offset = 0)
    {
        var values = new float[rows * (columns + offset)];
        GaussianSource.Fill(values, seed, name, scale);
        return Of(values, rows, columns + offset).Part(offset, columns);
    }

    /// <summary>Float32 numbers on the device.</summary>
    public Twins Wide(int seed, string name, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        GaussianSource.Fill(values, seed, name, 1);
        var exact = tensor(values, shape).clone();
        return Pair(exact.to(Device), exact.to(float64));
    }

    public Twins Of(float[] values, int rows, int columns)
    {
        var fast = tensor(values, [rows, columns]).clone().to(Type);
        return Pair(fast.to(Device), fast.to(float64));
    }

    /// <summary>Undefined at first: NaN, so that what is not written is seen.</summary>
    public Twins Empty(int rows, int columns, int offset = 0)
    {
        var exact = full([rows, columns + offset], double.NaN.ToScalar(), float64);
        return Pair(exact.to(Type).to(Device), exact).Part(offset, columns);
    }

    public Twins EmptyWide(params long[] shape)
    {
        var exact = full(shape, double.NaN.ToScalar(), float64);
        return Pair(exact.to(float32).to(Device), exact);
    }

    public Twins Integers(long[] values) => Pair(tensor(values).clone().to(Device), tensor(values).clone());

    private Twins Pair(Tensor fast, Tensor exact) => new(fast, exact, OneRounding);
}
