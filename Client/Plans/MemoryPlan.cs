using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Client.Plans;

/// <summary>
/// Bytes on the device that trains a model, for n parameters and B·T tokens a step:
/// <code>
/// weights      4n                     float32 masters
/// gradients    4n
/// optimizer    8n                     Adam's m and v
/// working copy 2n                     bf16 only
/// activations  B·T · (L · c · (4D + 2·E_a·H·K + 2·E_kv·H_kv·K + 3·k·F) + 8·V)
/// </code>
/// with c = 4 bytes (fp32) or 2 (bf16); E_a attention experts, E_kv sets of keys and values, k FFN experts a token. The last
/// term is the logits and their gradient in float32. An estimate: attention scores are never stored (flash attention), and what
/// the allocator rounds up or keeps is not counted.
/// </summary>
internal sealed record MemoryPlan(long Weights, long Gradients, long Optimizer, long WorkingCopy, long Activations)
{
    public long Total => Weights + Gradients + Optimizer + WorkingCopy + Activations;

    public static MemoryPlan Of(ModelConfig config, TrainSpec train)
    {
        var n = TensorLayout.Parameters(config);
        var bf16 = train.Precision == Precision.BFloat16;
        return new(4 * n, 4 * n, 8 * n, bf16 ? 2 * n : 0, ActivationBytes(config, train.Batch, bf16 ? 2 : 4));
    }

    private static long ActivationBytes(ModelConfig config, int batch, int bytes)
    {
        long stream = 4L * config.Width;
        var queries = 2L * config.AttentionExperts * config.Heads * config.HeadWidth;
        var keysAndValues = 2L * config.KvExperts * config.KvHeads * config.HeadWidth;
        var ffn = 3L * (config.Experts > 0 ? config.FfnTopK : 1) * config.Ffn;
        var perToken = config.Layers * bytes * (stream + queries + keysAndValues + ffn) + 8L * config.Vocab;
        return (long)batch * config.Context * perToken;
    }
}
