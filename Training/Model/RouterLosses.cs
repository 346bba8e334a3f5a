using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>Collects the auxiliary losses of the FFN routers, summed over layers as in the paper's L = L_NLL + Σ (α L_LB + β L_z).</summary>
internal sealed class RouterLosses
{
    /// <summary>Σ over layers of E Σ_i f_i P_i; null before the first layer.</summary>
    public Tensor? Balance { get; private set; }

    /// <summary>Σ over layers of the mean squared logsumexp of the router's logits; null before the first layer.</summary>
    public Tensor? Z { get; private set; }

    public void Add(Tensor balance, Tensor z)
    {
        Balance = Balance is null ? balance : Ops.Add(Balance, balance);
        Z = Z is null ? z : Ops.Add(Z, z);
    }
}
