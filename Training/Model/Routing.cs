using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>What FFN routers and attention routers have in common. Gates and logits are [..., E].</summary>
internal static class Routing
{
    /// <summary>Softmax over all experts, before any choice; all weight on one expert when it is forced.</summary>
    public static Tensor Gates(Tensor logits, int? forced)
    {
        if (forced is not { } expert)
            return logits.softmax(-1);
        var gates = zeros_like(logits);
        gates.select(-1, expert).copy_(ones_like(gates.select(-1, expert)));
        return gates;
    }

    /// <summary>The k largest gates and their experts, [..., k] each; as they are, or scaled to sum to 1.</summary>
    public static (Tensor Weights, Tensor Experts) Choose(Tensor gates, int k, bool renormalise)
    {
        var (weights, experts) = gates.topk(k, -1);
        return (renormalise ? weights.div(weights.sum(-1, keepdim: true)) : weights, experts);
    }

    /// <summary>Entropy of each token's gates in nats, [...].</summary>
    public static Tensor Entropy(Tensor gates, Tensor logits) => logits.log_softmax(-1).mul(gates).sum(-1).neg();
}
