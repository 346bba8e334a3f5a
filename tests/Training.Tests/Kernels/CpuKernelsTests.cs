using Bam.Training.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

/// <summary>float32 on the CPU.</summary>
public sealed class CpuKernelsTests() : KernelsTests(TwinMaker.Cpu())
{
    [Theory]
    [InlineData(3, 77, 6, 6, 32)]
    [InlineData(2, 130, 4, 2, 64)]
    public void Attention_without_the_library_s_products(int batch, int time, int heads, int kvHeads, int width)
    {
        var make = TwinMaker.Cpu();
        Twins Heads(int seed, int count) => make.Draw(seed, "x", batch * time, count * width) is var rows
            ? rows with { Fast = Split(rows.Fast, count), Exact = Split(rows.Exact, count) }
            : throw new InvalidOperationException();
        Tensor Split(Tensor rows, int count) => rows.view(batch, time, count, width).transpose(1, 2);
        var (q, k, v, d) = (Heads(1, heads), Heads(2, kvHeads), Heads(3, kvHeads), Heads(4, heads));
        using var exact = new PlainKernels();
        var (found, expected) = (TorchCpuAttention.Forward(q.Fast, k.Fast, v.Fast), exact.Attend(q.Exact, k.Exact, v.Exact));
        Twins.Agree("attention", expected.Heads.Tensor, found.Heads.Tensor, make.OneRounding);

        var (foundQ, foundK, foundV) = TorchCpuAttention.Backward(found, d.Fast);
        var (expectedQ, expectedK, expectedV) = exact.AttendBackward(expected, d.Exact);

        Twins.Agree("gradient of q", AttentionResult.Flat(expectedQ).Tensor, AttentionResult.Flat(foundQ).Tensor, make.OneRounding);
        Twins.Agree("gradient of k", AttentionResult.Flat(expectedK).Tensor, AttentionResult.Flat(foundK).Tensor, make.OneRounding);
        Twins.Agree("gradient of v", AttentionResult.Flat(expectedV).Tensor, AttentionResult.Flat(foundV).Tensor, make.OneRounding);
    }

    [Fact]
    public void What_is_no_number_comes_out_of_every_kernel_that_it_goes_into()
    {
        using var kernels = new CpuKernels();
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
        var heads = Rows(40, 16).view(1, 40, 2, 8).transpose(1, 2);
        Assert.True(IsNone(kernels.Attend(heads, ones_like(heads), ones_like(heads)).Output), "attention");
    }
}
