using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>What the routers of one forward pass did, layer by layer, still on the device.</summary>
internal sealed class RoutingTrace
{
    /// <summary>FFN: part of the tokens each expert got, [E] a layer.</summary>
    public List<Tensor> FfnShares { get; } = [];

    /// <summary>FFN: mean gate distribution's entropy in nats, a scalar a layer.</summary>
    public List<Tensor> FfnEntropies { get; } = [];

    /// <summary>Attention: mean gate of each expert, [E] a layer.</summary>
    public List<Tensor> AttentionShares { get; } = [];

    public List<Tensor> AttentionEntropies { get; } = [];

    /// <summary>Mean over tokens of the entropy of <paramref name="gates"/>, [..., E] float32.</summary>
    public static Tensor Entropy(Tensor gates, Tensor logits) =>
        logits.log_softmax(-1).mul(gates).sum(-1).mean().neg();
}
