using TorchSharp;
using static Bam.Training.Native.Dispatcher;
using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>
/// The tensor operations of the model that TorchSharp lacks, or has only with an implicit <c>Scalar</c> argument: such a temporary can be
/// freed while native code reads it, so none may stand on the training path (BannedSymbols.Torch.txt keeps them out).
/// </summary>
internal static class Ops
{
    public static readonly Scalar One = 1f.ToScalar();

    /// <summary>Sum of two tensors.</summary>
    public static Tensor Add(Tensor left, Tensor right) => left.add(right, One);

    /// <summary><c>left + factor · right</c>, the factor rooted by its owner.</summary>
    public static Tensor AddScaled(Tensor left, Tensor right, Scalar factor) => left.add(right, factor);

    /// <summary><c>x Wᵀ</c>: [..., in] and [out, in] give [..., out].</summary>
    public static Tensor Linear(Tensor x, Tensor weight) => nn.functional.linear(x, weight);

    /// <summary><c>into = left · right</c>, into memory that is there.</summary>
    public static void Multiply(Tensor left, Tensor right, Tensor into)
    {
        Span<ulong> stack = [Argument(left), Argument(right), Argument(into)];
        Call("aten::mm\0"u8, "out\0"u8, stack);
        Result(stack[0]).Dispose();
    }

    /// <summary>Rows of a [V, D] table: int64 ids [B, T] give [B, T, D].</summary>
    public static Tensor Embedding(Tensor table, Tensor ids)
    {
        Span<ulong> stack = [Argument(table), Argument(ids), unchecked((ulong)-1L), Argument(false), Argument(false)];
        Call("aten::embedding\0"u8, "\0"u8, stack);
        return Result(stack[0]);
    }

    /// <summary>Centred norm over the last dimension, weight only.</summary>
    public static Tensor LayerNorm(Tensor x, Tensor weight, long width, double eps)
    {
        Span<ulong> stack = [Argument(x), Argument(width), Optional(weight), Optional(null), Argument(eps), Argument(true)];
        Call("aten::layer_norm\0"u8, "\0"u8, stack);
        return Result(stack[0]);
    }

    /// <summary>Root-mean-square norm over the last dimension, weight only.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, long width, double eps)
    {
        Span<ulong> stack = [Argument(x), Argument(width), Optional(weight), Optional(eps)];
        Call("aten::rms_norm\0"u8, "\0"u8, stack);
        return Result(stack[0]);
    }

    /// <summary>
    /// Softmax attention: q [B, Hq, T, K], k and v [B, Hkv, S, K] give [B, Hq, T, K]; Hkv divides Hq, neighbours share. Either causal from
    /// the first key on, or with the keys that a mask bool [B, 1, T, S] allows, or without any limit.
    /// </summary>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, Tensor? visible, bool causal, bool grouped)
    {
        Span<ulong> stack =
        [
            Argument(q), Argument(k), Argument(v), Optional(visible), Argument(0.0), Argument(causal), 0, Argument(grouped),
        ];
        Call("aten::scaled_dot_product_attention\0"u8, "\0"u8, stack);
        return Result(stack[0]);
    }

    /// <summary>
    /// One product a group of rows: x [N, in], sorted by group, weight [E, in, out] and the groups' ends [E] (int32) give [N, out].
    /// </summary>
    public static Tensor GroupedMatmul(Tensor x, Tensor weight, Tensor ends)
    {
        if (!HasGroupedKernel(x.dtype, weight))
            return OneByOne(x, weight, ends);
        Span<ulong> stack = [Argument(x), Argument(weight), Optional(ends), Optional(null), 0];
        Call("aten::_grouped_mm\0"u8, "\0"u8, stack);
        return Result(stack[0]);
    }

    /// <summary>The number in float32, or in float64 where the model computes so: routers and losses want no less.</summary>
    public static Tensor Wide(Tensor x) => x.dtype == ScalarType.Float64 ? x : x.to(float32);

    /// <summary>Copies a list of tensors onto another, types converted, in one launch.</summary>
    public static void CopyAll(IReadOnlyList<Tensor> into, IReadOnlyList<Tensor> from)
    {
        Span<ulong> stack = [Argument(into), Argument(from), Argument(false)];
        Call("aten::_foreach_copy_\0"u8, "\0"u8, stack);
    }

    // The kernel knows no float64, and rows of whole 16 bytes only, forward and backward.
    private static bool HasGroupedKernel(ScalarType type, Tensor weight)
    {
        var aligned = type == ScalarType.BFloat16 ? 8 : 4;
        return type != ScalarType.Float64 && weight.size(1) % aligned == 0 && weight.size(2) % aligned == 0;
    }

    private static Tensor OneByOne(Tensor x, Tensor weight, Tensor ends)
    {
        var places = ends.cpu().data<int>().ToArray();
        return cat([.. places.Select((end, i) =>
        {
            var start = i == 0 ? 0 : places[i - 1];
            return x.narrow(0, start, end - start).matmul(weight[i]);
        })]);
    }
}
