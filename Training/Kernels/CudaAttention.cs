using System.Runtime.InteropServices;
using static Bam.Training.Native.Dispatcher;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// Causal attention by cuDNN, the fastest that libtorch has on an H100 (docs/LOG.md), in the layout of the product that made q, k and v; by
/// flash attention where cuDNN refuses.
/// </summary>
internal sealed class CudaAttention
{
    // The dispatcher's C entry mistakes results that are not all tensors (libtorch 2.11), so the forward goes through a script; it is fixed,
    // and never differentiated.
    private const string Source = """
        def cudnn(q: Tensor, k: Tensor, v: Tensor):
            r = torch._scaled_dot_product_cudnn_attention(q, k, v, None, True, 0.0, True, False)
            return r[0], r[1], r[6], r[7]

        def flash(q: Tensor, k: Tensor, v: Tensor):
            r = torch._scaled_dot_product_flash_attention(q, k, v, 0.0, True, False)
            return r[0], r[1], r[6], r[7]

        """;

    private static readonly Lazy<jit.CompilationUnit> Script = new(() => jit.compile(Source));

    private bool _flash, _hasWorked;

    public AttentionResult Forward(Tensor q, Tensor k, Tensor v)
    {
        if (_flash)
            return Forward("flash", q, k, v);
        try
        {
            var result = Forward("cudnn", q, k, v);
            _hasWorked = true;
            return result;
        }
        catch (ExternalException) when (!_hasWorked)
        {
            _flash = true;
            return Forward("flash", q, k, v);
        }
    }

    public (Tensor Q, Tensor K, Tensor V) Backward(AttentionResult result, Tensor gradient) =>
        _flash ? FlashBackward(result, gradient) : CudnnBackward(result, gradient);

    private static AttentionResult Forward(string kernel, Tensor q, Tensor k, Tensor v)
    {
        var (output, logSums, seed, offset) = ((Tensor, Tensor, Tensor, Tensor))Script.Value.invoke(kernel, q, k, v);
        return new AttentionResult(q, k, v, output, [logSums, seed, offset]);
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
