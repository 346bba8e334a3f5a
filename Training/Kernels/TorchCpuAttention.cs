using static Bam.Training.Native.Dispatcher;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>Causal attention by libtorch's kernel for CPUs, which wants a key and a value for each query head.</summary>
internal static class TorchCpuAttention
{
    public static AttentionResult Forward(Tensor q, Tensor k, Tensor v)
    {
        Span<ulong> stack = [Argument(q), 0, 0, Argument(0.0), Argument(true), 0, 0];
        using (NewDisposeScope())
        {
            (stack[1], stack[2]) = (Argument(PlainKernels.Repeated(k, q)), Argument(PlainKernels.Repeated(v, q)));
            Call("aten::_scaled_dot_product_flash_attention_for_cpu\0"u8, "\0"u8, stack);
        }

        return new AttentionResult(q, k, v, Result(stack[0]), [Result(stack[1])]);
    }

    public static (Tensor Q, Tensor K, Tensor V) Backward(AttentionResult result, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        Span<ulong> stack =
        [
            Argument(gradient), Argument(result.Q), Argument(PlainKernels.Repeated(result.K, result.Q)), Argument(PlainKernels.Repeated(result.V, result.Q)),
            Argument(result.Output), Argument(result.Saved[0]), Argument(0.0), Argument(true), 0, 0,
        ];
        Call("aten::_scaled_dot_product_flash_attention_for_cpu_backward\0"u8, "\0"u8, stack);
        return (
            Result(stack[0]).MoveToOuterDisposeScope(), Summed(Result(stack[1]), result.K).MoveToOuterDisposeScope(),
            Summed(Result(stack[2]), result.V).MoveToOuterDisposeScope());
    }

    /// <summary>[B, Hq, T, K] to [B, Hkv, T, K], in memory [B, T, Hkv, K].</summary>
    private static Tensor Summed(Tensor x, Tensor like)
    {
        var heads = like.size(1);
        return x.size(1) == heads ? x : x.transpose(1, 2).reshape(x.size(0), x.size(2), heads, -1, x.size(3)).sum(3).transpose(1, 2);
    }
}
