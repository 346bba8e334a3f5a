namespace Bam.Training.Model;

/// <summary>Floating-point operations of the matrix products and of causal attention; element-wise work is not counted.</summary>
public static class FlopCount
{
    /// <summary>Forward FLOPs of one token of a full context, as the paper's table 7 counts a layer (routers and output head included).</summary>
    public static long Forward(ModelConfig config)
    {
        var attention = (long)config.Layers * 2 * config.AttentionExperts * config.Context * config.Width;   // QK and AV, half of them masked
        var products = TensorLayout.Of(config)
            .Where(tensor => tensor.Group is not (TensorGroup.Norm or TensorGroup.Embedding))
            .Sum(tensor => tensor is { Group: TensorGroup.Ffn, Experts: > 0 } ? tensor.Count / tensor.Experts * config.FfnTopK : tensor.Count);
        var head = config.Tied ? (long)config.Vocab * config.Width : 0;
        return 2 * (products + head) + attention;
    }

    /// <summary>FLOPs of one trained token: forward, and twice that backward.</summary>
    public static long Training(ModelConfig config) => 3 * Forward(config);
}
