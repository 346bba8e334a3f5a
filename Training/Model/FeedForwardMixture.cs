using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>
/// Sparse mixture of FFN experts: <c>Σ_{i ∈ top-k} p_i(x) · FFN_i(x)</c>, <c>p = softmax(W_f x)</c> over all E experts, not
/// renormalised unless asked (BAM, arXiv 2408.08274, section 3.3). Tokens are sorted by expert and every expert is one group of a
/// grouped product: no token is dropped, nothing is padded, and no size is read back from the device.
/// </summary>
internal sealed class FeedForwardMixture(ModelConfig config, ParameterSet parameters, int layer) : IFeedForward
{
    private readonly Tensor _gate = parameters[$"blocks.{layer}.ffn.experts.gate"];     // [E, F, D]
    private readonly Tensor _up = parameters[$"blocks.{layer}.ffn.experts.up"];         // [E, F, D]
    private readonly Tensor _down = parameters[$"blocks.{layer}.ffn.experts.down"];     // [E, D, F]
    private readonly Tensor _router = parameters[$"blocks.{layer}.ffn.router.weight"];  // [E, D]
    private readonly Scalar _experts = ((float)config.Experts).ToScalar();

    public Tensor Forward(Tensor x, int batch, int time, RouterLosses? losses, RoutingTrace? trace)
    {
        int tokens = batch * time, k = config.FfnTopK, width = config.Width;
        var rows = x.view(tokens, width);                                      // [N, D], N = B·T
        var logits = Ops.Linear(rows, _router).to(float32);                    // [N, E]
        var gates = logits.softmax(-1);
        var (weights, chosen) = gates.topk(k, -1);                             // [N, k] twice
        if (config.FfnRenormalise)
            weights = weights.div(weights.sum(-1, keepdim: true));

        var flat = chosen.view(-1);                                            // [N·k]
        var (_, order) = flat.sort(stable: true);
        var counts = zeros(config.Experts, int64, x.device).scatter_add_(0, flat, ones_like(flat));
        var ends = counts.cumsum(0).to(int32);                                 // [E]
        var sources = k == 1 ? rows : rows.unsqueeze(1).expand(tokens, k, width).reshape(tokens * k, width);
        var sorted = sources.index_select(0, order);                           // [N·k, D], by expert

        var hidden = nn.functional.silu(Ops.GroupedMatmul(sorted, _gate.transpose(1, 2), ends))
            .mul(Ops.GroupedMatmul(sorted, _up.transpose(1, 2), ends));        // [N·k, F]
        var outputs = Ops.GroupedMatmul(hidden, _down.transpose(1, 2), ends);  // [N·k, D]

        var (_, places) = order.sort();                                        // where each token's row went
        var returned = outputs.index_select(0, places);                        // [N·k, D], by token
        weights = weights.to(x.dtype);
        var sum = k == 1
            ? returned.mul(weights)
            : weights.unsqueeze(1).bmm(returned.view(tokens, k, width));       // Σ over the chosen experts

        if (losses is not null || trace is not null)
            Observe(logits, gates, counts, losses, trace);
        return sum.view(batch, time, width);
    }

    private void Observe(Tensor logits, Tensor gates, Tensor counts, RouterLosses? losses, RoutingTrace? trace)
    {
        var shares = counts.to(float32);
        shares = shares.div(shares.sum());                                     // f_i
        if (losses is not null)
        {
            var balance = shares.mul(gates.mean([0])).sum().mul(_experts);     // E Σ f_i P_i
            var lse = logits.logsumexp(-1);                                    // [N]
            losses.Add(balance, lse.mul(lse).mean());
        }

        trace?.FfnShares.Add(shares);
        trace?.FfnEntropies.Add(RoutingTrace.Entropy(gates, logits));
    }
}
