using Bam.Training.Kernels;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

/// <summary>float32 on the CPU.</summary>
public sealed class CpuKernelsTests() : KernelsTests(TwinMaker.Cpu())
{
    private protected override (int Forward, int Backward) BlockRoundings => (1, 1);

    [Theory]
    [InlineData(3, 77, 6, 6, 32)]
    [InlineData(2, 130, 4, 2, 64)]
    public void Attention_without_the_kernels_for_blocks(int batch, int time, int heads, int kvHeads, int width) =>
        AssertAttention(batch, time, heads, kvHeads, width, roundings: (1, 1));

    [Theory]
    [InlineData(3, 77, 6, 6, 32)]
    [InlineData(2, 130, 4, 2, 64)]
    public void Attention_on_several_threads(int batch, int time, int heads, int kvHeads, int width)
    {
        using var kernels = new CpuKernels(threads: 3);
        AssertBlock(kernels, batch, time, 1, heads, kvHeads, width, sharesKeys: false, interleaved: true);
    }

    [Fact]
    public void What_is_no_number_comes_out_of_every_kernel_that_it_goes_into()
    {
        using var kernels = new CpuKernels(threads: 1);
        Tensor Rows(int rows, int columns)
        {
            var tensor = ones(rows, columns);
            tensor.select(0, 1).select(0, columns - 1).fill_(float.NaN.ToScalar());
            return tensor;
        }

        static bool IsNone(Tensor tensor) => tensor.isnan().any().item<bool>();
        var into = zeros(3, 37);
        kernels.SwiGlu(Matrix.Of(Rows(3, 37)), Matrix.Of(ones(3, 37)), null, Matrix.Of(into));
        Assert.True(IsNone(into), "SwiGLU");
        kernels.Norm(Matrix.Of(Rows(3, 37)), null, Matrix.Of(ones(1, 37)), Matrix.Of(into), zeros(3, 2), new NormRule(false, 1e-5));
        Assert.True(IsNone(into), "norm");
        var (logits, losses) = (Rows(3, 37), zeros(3));
        kernels.CrossEntropy(Matrix.Of(logits), zeros(3, dtype: int64), ones(2), losses);
        Assert.True(IsNone(logits) && IsNone(losses), "loss");
        using var arena = new Arena(CPU, ScalarType.Float32);
        var angles = RotaryAngles.Of(Shapes.Dense with { Width = 16, Heads = 2, Context = 40 }, arena);
        var heads = new AttentionMemory(
            arena, Matrix.Of(Rows(40, 48)), new InputColumns(16, 32, 0, 0, 0, 0, 0, 48), new HeadLayout(1, 2, 2, 8, false), 16, angles, null);
        Assert.True(IsNone(kernels.AttendAtOnce(heads)!.Output), "attention");
    }
}
