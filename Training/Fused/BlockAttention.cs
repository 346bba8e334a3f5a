using Bam.Training.Kernels;

namespace Bam.Training.Fused;

/// <summary>Attention of one block: at once where there is a kernel for that, else heads are turned, attend and are copied one after another.</summary>
internal static class BlockAttention
{
    /// <summary>Turns queries and keys by their positions and attends; where there is a place for what comes out, it is there, too.</summary>
    public static AttentionResult Forward(IStepKernels kernels, AttentionMemory memory)
    {
        if (kernels.AttendAtOnce(memory) is { } result)
            return result;
        if (memory.Layout.Regrouped)
        {
            kernels.Rotate(memory.Q, memory.Queries, memory.Angles, memory.Layout, back: false);
            kernels.Rotate(memory.K, memory.K, memory.Angles, Plain(memory), back: false);
        }
        else
        {
            kernels.Rotate(memory.QK, memory.QK, memory.Angles, Plain(memory), back: false);
        }

        result = kernels.Attend(memory.QueryHeads, memory.KeyHeads, memory.ValueHeads);
        if (memory.Into is { } into)
            kernels.Copy(result.Heads, into);
        return result;
    }

    /// <summary>From the gradient of the heads that came out, [N, E·H·K], queries, keys and values become theirs.</summary>
    public static void Backward(IStepKernels kernels, AttentionMemory memory, AttentionResult result, Matrix gradient)
    {
        if (kernels.AttendAtOnceBackward(memory, result, gradient))
            return;
        var (q, k, v) = kernels.AttendBackward(result, memory.Heads(gradient.Tensor));
        kernels.Rotate(AttentionResult.Flat(q), memory.Q, memory.Angles, memory.Layout.Regrouped ? memory.Layout : Plain(memory), back: true);
        kernels.Rotate(AttentionResult.Flat(k), memory.K, memory.Angles, Plain(memory), back: true);
        kernels.Copy(AttentionResult.Flat(v), memory.V);
    }

    /// <summary>Heads that stay in their order.</summary>
    private static HeadLayout Plain(AttentionMemory memory) => new(1, 1, 1, memory.Layout.Width, false);
}
