using Bam.Contracts.Status;
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

    /// <summary>Attention: mean gate of each expert, [E] a layer; none without attention experts.</summary>
    public List<Tensor> AttentionShares { get; } = [];

    public List<Tensor> AttentionEntropies { get; } = [];

    /// <summary>All numbers in one float64 tensor on the device, [L, columns], to be added up over passes and read once.</summary>
    public Tensor Stack() => stack([.. Enumerable.Range(0, FfnShares.Count).Select(Row)]).detach().to(float64);

    /// <summary>The numbers of <see cref="Stack"/>, or of a weighted mean of several, a layer each.</summary>
    public static IReadOnlyList<RouterUse> Read(Tensor stacked, int experts)
    {
        var columns = (int)stacked.size(1);
        var values = stacked.cpu().data<double>().ToArray();
        var attends = columns > experts + 1;
        return
        [
            .. Enumerable.Range(0, (int)stacked.size(0)).Select(layer => values.AsSpan(layer * columns, columns).ToArray()).Select(row => new RouterUse(
                row[..experts], row[experts],
                attends ? row[(experts + 1)..(2 * experts + 1)] : [], attends ? row[^1] : null)),
        ];
    }

    private Tensor Row(int layer)
    {
        Tensor[] ffn = [FfnShares[layer], FfnEntropies[layer].view(1)];
        return cat(AttentionShares.Count == 0 ? ffn : [.. ffn, AttentionShares[layer], AttentionEntropies[layer].view(1)]);
    }
}
