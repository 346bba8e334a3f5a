using Bam.Contracts.Runs;

namespace Bam.Training.Model;

/// <summary>
/// Floating-point operations of the matrix products and of causal attention; element-wise work is not counted. Attention gates save
/// nothing: soft, top-1 and top-2 attention compute every attention expert. Of the FFN experts only the k of a token are computed.
/// </summary>
public static class FlopCount
{
    /// <summary>
    /// Forward FLOPs of one token of a full context: <c>2m + L · 2 · E_a · T · D</c> for m multiplied weights, routers and output head too.
    /// </summary>
    public static long Forward(ModelConfig config) => 2 * Weights(config, _ => true) + Scores(config);

    /// <summary>FLOPs of one trained token: forward, and twice that backward.</summary>
    public static long Training(ModelConfig config) => Training(config, FrozenParts.None);

    /// <summary>
    /// FLOPs of one trained token while some parts are frozen: forward <c>2m</c>, gradient of the inputs <c>2m</c>, gradient of the trained
    /// weights <c>2m'</c>; QK and AV once forward and twice backward. Routers alone still need every gradient of the inputs; the first
    /// block's, which some of them could do without, are counted too.
    /// </summary>
    public static long Training(ModelConfig config, FrozenParts frozen) =>
        4 * Weights(config, _ => true) + 2 * Weights(config, tensor => !tensor.IsFrozen(frozen)) + 3 * Scores(config);

    /// <summary>
    /// Forward FLOPs of one token in one layer as the paper's table 7 counts them (MHA: attention <c>E_a(8D² + 2·T·D)</c>):
    /// <c>k(3·2·D·F + 3F)</c> for the FFN, <c>2·E·D</c> for each router. The paper does not say what its 3F = 6,144 are; three element-wise
    /// operations of SwiGLU (sigmoid, times gate, times up) give that number, and so would 6D, for its F is 2D.
    /// </summary>
    public static LayerFlops Layer(ModelConfig config)
    {
        var layer = config with { Layers = 1 };
        var chosen = config.Experts > 0 ? config.FfnTopK : 1;
        return new(
            Of(TensorGroup.Attention) + Scores(layer),
            Of(TensorGroup.Ffn) + 3L * chosen * config.Ffn,
            Of(TensorGroup.AttentionRouter) + Of(TensorGroup.FfnRouter));

        long Of(TensorGroup group) => 2 * Weights(layer, tensor => tensor.Group == group);
    }

    /// <summary>QK and AV of one token, half of them masked: <c>L · 2 · E_a · T · D</c>.</summary>
    private static long Scores(ModelConfig config) => (long)config.Layers * 2 * config.AttentionExperts * config.Context * config.Width;

    /// <summary>Weights that one token is multiplied with; the embedding is one when it is the output head too.</summary>
    private static long Weights(ModelConfig config, Func<TensorSpec, bool> counted) =>
        TensorLayout.Of(config).Where(counted).Sum(tensor => tensor switch
        {
            { Group: TensorGroup.Norm } => 0,
            { Group: TensorGroup.Embedding } when !config.Tied => 0,
            { Group: TensorGroup.Ffn, Experts: > 0 } => tensor.Count / tensor.Experts * config.FfnTopK,
            _ => tensor.Count,
        });
}
