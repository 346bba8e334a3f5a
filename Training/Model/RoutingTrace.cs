using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>What the routers of one forward pass did, layer by layer, still on the device.</summary>
internal sealed class RoutingTrace
{
    /// <summary>FFN: part of the tokens each expert got, [E] a layer.</summary>
    public List<Tensor> FfnShares { get; } = [];

    /// <summary>FFN: mean gate distribution's entropy in nats, a scalar a layer.</summary>
    public List<Tensor> FfnEntropies { get; } = [];

    /// <summary>FFN: mean over tokens of the sum of the gates that were applied, a scalar a layer.</summary>
    public List<Tensor> FfnWeights { get; } = [];

    /// <summary>Attention: mean gate of each expert, [E] a layer.</summary>
    public List<Tensor> AttentionShares { get; } = [];

    public List<Tensor> AttentionEntropies { get; } = [];
}
