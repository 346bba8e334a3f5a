using static Bam.Training.Native.Dispatcher;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// Causal attention by cuDNN, the fastest that libtorch has on an H100 (docs/LOG.md), in the layout of the product that made q, k and v; by
/// flash attention where cuDNN refuses.
/// </summary>
internal sealed class CudaAttention
{
    private bool _flash;

    public AttentionResult Forward(Tensor q, Tensor k, Tensor v)
    {
        if (_flash)
            return Flash(q, k, v);
        try
        {
            return Cudnn(q, k, v);
        }
        catch (InvalidOperationException)
        {
            _flash = true;
            return Flash(q, k, v);
        }
    }

    public (Tensor Q, Tensor K, Tensor V) Backward(AttentionResult result, Tensor gradient) =>
        _flash ? FlashBackward(result, gradient) : CudnnBackward(result, gradient);

    private static AttentionResult Cudnn(Tensor q, Tensor k, Tensor v)
    {
        Span<ulong> stack =
        [
            Argument(q), Argument(k), Argument(v), Optional(null), Argument(true), Argument(0.0), Argument(true), Argument(false), 0,
        ];
        Call("aten::_scaled_dot_product_cudnn_attention\0"u8, "\0"u8, stack);
        // output, logsumexp, two cumulated lengths that are undefined, two greatest lengths, seed, offset, an undefined mask
        foreach (var undefined in new[] { stack[2], stack[3], stack[8] })
            Result(undefined).Dispose();
        return new AttentionResult(q, k, v, Result(stack[0]), [Result(stack[1]), Result(stack[6]), Result(stack[7])]);
    }

    private static (Tensor Q, Tensor K, Tensor V) CudnnBackward(AttentionResult result, Tensor gradient)
    {
        long time = result.Q.size(2), keys = result.K.size(2);
        Span<ulong> stack =
        [
            Argument(gradient), Argument(result.Q), Argument(result.K), Argument(result.V), Argument(result.Output), Argument(result.Saved[0]),
            Argument(result.Saved[1]), Argument(result.Saved[2]), Undefined(), Undefined(), Undefined(), (ulong)time, (ulong)keys, Argument(0.0),
            Argument(true), 0,
        ];
        Call("aten::_scaled_dot_product_cudnn_attention_backward\0"u8, "\0"u8, stack);
        return (Result(stack[0]), Result(stack[1]), Result(stack[2]));
    }

    private static AttentionResult Flash(Tensor q, Tensor k, Tensor v)
    {
        Span<ulong> stack = [Argument(q), Argument(k), Argument(v), Argument(0.0), Argument(true), Argument(false), 0, 0, 0];
        Call("aten::_scaled_dot_product_flash_attention\0"u8, "\0"u8, stack);
        foreach (var undefined in new[] { stack[2], stack[3], stack[8] })
            Result(undefined).Dispose();
        return new AttentionResult(q, k, v, Result(stack[0]), [Result(stack[1]), Result(stack[6]), Result(stack[7])]);
    }

    private static (Tensor Q, Tensor K, Tensor V) FlashBackward(AttentionResult result, Tensor gradient)
    {
        long time = result.Q.size(2), keys = result.K.size(2);
        Span<ulong> stack =
        [
            Argument(gradient), Argument(result.Q), Argument(result.K), Argument(result.V), Argument(result.Output), Argument(result.Saved[0]),
            Undefined(), Undefined(), (ulong)time, (ulong)keys, Argument(0.0), Argument(true), Argument(result.Saved[1]), Argument(result.Saved[2]), 0,
        ];
        Call("aten::_scaled_dot_product_flash_attention_backward\0"u8, "\0"u8, stack);
        return (Result(stack[0]), Result(stack[1]), Result(stack[2]));
    }
}
