using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>What the layers of one forward pass share besides their input.</summary>
/// <param name="Batch">Sequences B.</param>
/// <param name="Time">Tokens T of each.</param>
/// <param name="Rotary">Positions.</param>
internal sealed record ForwardPass(int Batch, int Time, RotaryTable Rotary)
{
    /// <summary>Padding or packing; null when every row is one sequence from its first token on.</summary>
    public SequenceMask? Mask { get; init; }

    /// <summary>Keys and values of the tokens before; null for none.</summary>
    public KvCache? Cache { get; init; }

    /// <summary>Tokens that the routers' losses and traces count, [B·T] of 0 and 1; null for all that are no padding.</summary>
    public Tensor? Counted { get; init; }

    public RouterLosses? Losses { get; init; }

    public RoutingTrace? Trace { get; init; }

    /// <summary>Expert that every gate is given to in full, whatever the routers say; null to route.</summary>
    public int? Forced { get; init; }

    public bool CountsAll => Counted is null && Mask is null;

    /// <summary>Tokens B·T.</summary>
    public int Tokens => Batch * Time;

    /// <summary>Turns the heads of [B, T, heads·K] by the positions of their tokens: [B, T, heads, K].</summary>
    public Tensor Rotate(Tensor x, int heads) => Mask is { } mask
        ? Rotary.Apply(x, mask.Positions, heads)
        : Rotary.Apply(x, Batch, Cache?.Length ?? 0, Time, heads);

    /// <summary>Softmax attention to what each token may see: q [B, Hq, T, K], k and v [B, Hkv, T, K] give [B, Hq, T, K]; neighbours share.</summary>
    public Tensor Attend(int layer, Tensor q, Tensor k, Tensor v)
    {
        if (Cache is not null)
            (k, v) = Cache.Extend(layer, k, v);
        var grouped = q.size(1) != k.size(1);
        if (Mask is { } mask)
            return Ops.Attention(q, k, v, mask.Visible, causal: false, grouped);
        // One token sees all that came before it; more than one must start the sequence, or have a mask.
        return Ops.Attention(q, k, v, null, causal: Time > 1, grouped);
    }

    /// <summary>Mean over the counted tokens: [B·T] or [B·T, E] give a scalar or [E].</summary>
    public Tensor Mean(Tensor perToken)
    {
        if ((Counted ?? Mask?.Counted) is not { } counted)
            return perToken.mean([0]);
        var weights = counted.to(perToken.dtype);
        return (perToken.dim() == 1 ? perToken.mul(weights) : perToken.mul(weights.unsqueeze(1))).sum([0L]).div(weights.sum());
    }
}
