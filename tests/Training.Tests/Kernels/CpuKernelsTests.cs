using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Tests.Model;
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

    [Fact]
    public void Sums_over_rows_have_the_same_bits_with_any_number_of_threads()
    {
        var make = TwinMaker.Cpu();
        var (x, dy) = (make.Draw(1, "x", 3000, 96).Fast, make.Draw(2, "dy", 3000, 96).Fast);
        var before = get_num_threads();
        try
        {
            var found = new[] { 1, 2, 3 }.Select(threads =>
            {
                set_num_threads(threads);
                return (byte[])[.. Norm(x, dy), .. Update()];
            }).ToArray();

            Assert.All(found, bytes => Assert.Equal(found[0], bytes));
        }
        finally
        {
            set_num_threads(before);
        }
    }

    private static byte[] Norm(Tensor x, Tensor dy)
    {
        using var kernels = new CpuKernels();
        var (statistics, into, dw) = (zeros(3000, 2), zeros(3000, 96), zeros(1, 96));
        kernels.Norm(Matrix.Of(x.clone()), null, Matrix.Of(ones(1, 96)), Matrix.Of(into), statistics, new NormRule(false, 1e-5));
        kernels.NormBackward(Matrix.Of(dy), null, Matrix.Of(x), Matrix.Of(ones(1, 96)), statistics, new NormRule(false, 1e-5), Matrix.Of(into), true, Matrix.Of(dw));
        return [.. into.bytes, .. dw.bytes];
    }

    private static byte[] Update()
    {
        using var kernels = new CpuKernels();
        using var parameters = new ParameterSet(Shapes.Dense, CPU, ScalarType.Float32, flat: true);
        parameters.Draw(seed: 3);
        using var optimizer = new AdamW(parameters, new());
        using var quiet = no_grad();
        var gradients = parameters.Flat!.Layout.Pieces.Select(piece => (Tensor?)TwinMaker.Cpu().Draw(5, piece.Name, piece.Groups * piece.Rows, piece.Columns).Fast);
        optimizer.Step(1e-2, FrozenParts.None, kernels, [.. gradients], tensor(1f));
        return parameters.Flat.Masters.bytes.ToArray();
    }
}
