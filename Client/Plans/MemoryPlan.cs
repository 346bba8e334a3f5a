using Bam.Contracts.Runs;
using Bam.Training.Fused;
using Bam.Training.Model;

namespace Bam.Client.Plans;

/// <summary>
/// Bytes on the device that trains a model of n parameters. In bfloat16 a GPU takes the step that is written out, whose memory is counted by
/// <see cref="StepMemory"/>; else torch differentiates:
/// <code>
///                written out                    differentiated
/// weights        4n                             4n    float32 masters
/// gradients      2n                             4n    in float32; in bfloat16 2n more, those of the working copy
/// optimizer      8n, in bfloat16 4n             8n    Adam's m and v
/// working copy   2n                             2n    bfloat16 only
/// activations    what blocks keep               every tensor of a step: forward ones are held until its end (<see cref="ActivationBytes"/>)
/// </code>
/// Float32 on a CPU is planned as differentiated, for a GPU would do so; the CPU's step is written out, too, and takes less.
/// An estimate: what libraries take beside the workspace of products, and what the allocator rounds up or keeps, is not counted.
/// </summary>
internal sealed record MemoryPlan(long Weights, long Gradients, long Optimizer, long WorkingCopy, long Activations)
{
    public long Total => Weights + Gradients + Optimizer + WorkingCopy + Activations;

    public static MemoryPlan Of(ModelConfig config, TrainSpec train)
    {
        if (StepMemory.Of(config, train) is { } step)
            return new(step.Weights, step.Gradients, step.Moments, step.Copies, step.Activations);
        var n = TensorLayout.Parameters(config);
        var bf16 = train.Precision == Precision.BFloat16;
        return new(4 * n, bf16 ? 6 * n : 4 * n, 8 * n, bf16 ? 2 * n : 0, ActivationBytes(config, train.Batch, bf16));
    }

    /// <summary>What the operations of Transformer, Attention(Mixture) and FeedForward(Mixture) make, one after another; masks and routers' logits are too small to count.</summary>
    private static long ActivationBytes(ModelConfig config, int batch, bool bf16)
    {
        long c = bf16 ? 2 : 4, d = config.Width, f = config.Ffn;
        var k = config.Experts > 0 ? config.FfnTopK : 1;
        var queries = (long)config.AttentionExperts * config.Heads * config.HeadWidth;
        var keys = (long)config.KvExperts * config.KvHeads * config.HeadWidth;
        var isRouted = config.RoutesAttention;

        // A projection, and its rotation: to float32, as complex numbers, and back; pairs half a head apart are moved together and apart again.
        var rotated = (bf16 ? c + 4 + 4 + c : c + 4) + (config.RopeInterleaved ? 0 : 8);
        var attention = (rotated * (queries + keys)) + (c * (keys + queries))                        // q and k, v, heads
            + (isRouted ? c * queries * (config.Kv == KvMode.Shared ? 3 : 1) : 0)                    // gated, and regrouped by keys
            + (c * d);                                                                               // output
        var ffn = (c * 4 * k * f) + (c * d)                                                          // gate, silu, up, product; output
            + (config.Experts > 0 ? c * d * k * (k == 1 ? 3 : 4) : 0);                               // tokens by expert, and back
        var layer = attention + ffn + (c * 3 * d);                                                   // norm and two sums
        var loss = (bf16 ? 20 : 16) * (long)config.Vocab;                                            // logits, log-probabilities, both gradients
        var stackedOutputs = isRouted ? c * queries * d : 0;                                         // W_o of all experts side by side
        return ((long)batch * config.Context * ((config.Layers * layer) + loss + (c * 2 * d))) + (config.Layers * stackedOutputs);
    }
}
