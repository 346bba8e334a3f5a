using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>
/// Sparse mixture of FFN experts: <c>Σ_{i ∈ top-k} p_i(x) · FFN_i(x)</c>, <c>p = softmax(W_f x)</c> over all E experts, not
/// renormalised unless asked (BAM, arXiv 2408.08274, section 3.3); soft routing is k = E. Tokens are sorted by expert and every expert is
/// one group of a grouped product: no token is dropped, nothing is padded, and no size is read back from the device.
/// </summary>
internal sealed class FeedForwardMixture(ModelConfig config, ParameterSet parameters, int layer) : IFeedForward
{
    private readonly Tensor _gate = parameters[$"blocks.{layer}.ffn.experts.gate"];     // [E, F, D]
    private readonly Tensor _up = parameters[$"blocks.{layer}.ffn.experts.up"];         // [E, F, D]
    private readonly Tensor _down = parameters[$"blocks.{layer}.ffn.experts.down"];     // [E, D, F]
    private readonly Tensor _router = parameters[$"blocks.{layer}.ffn.router.weight"];  // [E, D]
    private readonly Scalar _experts = ((float)config.Experts).ToScalar();

    public Tensor Forward(Tensor x, ForwardPass pass)
    {
        int tokens = pass.Tokens, k = config.FfnTopK, width = config.Width;
        var rows = x.view(tokens, width);                                      // [N, D], N = B·T
        var logits = Ops.Wide(Ops.Linear(rows, _router));                      // [N, E]
        var gates = Routing.Gates(logits, pass.Forced);
        var (weights, chosen) = Routing.Choose(gates, k, config.FfnRenormalise);   // [N, k] twice

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
        var applied = weights.to(x.dtype);
        var sum = k == 1
            ? returned.mul(applied)
            : applied.unsqueeze(1).bmm(returned.view(tokens, k, width));       // Σ over the chosen experts

        if (pass.Losses is not null || pass.Trace is not null)
            Observe(logits, gates, weights, pass.CountsAll ? counts : null, chosen, pass);
        return sum.view(pass.Batch, pass.Time, width);
    }

    /// <param name="counts">Tokens of each expert, [E]; null when not all of them count.</param>
    private void Observe(Tensor logits, Tensor gates, Tensor weights, Tensor? counts, Tensor chosen, ForwardPass pass)
    {
        var taken = counts?.to(gates.dtype) ?? pass.Mean(zeros_like(gates).scatter(-1, chosen, ones_like(weights)));
        var shares = taken.div(taken.sum());                                   // f_i
        if (pass.Losses is { } losses)
        {
            var balance = shares.mul(pass.Mean(gates)).sum().mul(_experts);    // E Σ f_i P_i
            var lse = logits.logsumexp(-1);                                    // [N]
            losses.Add(balance, pass.Mean(lse.mul(lse)));
        }

        if (pass.Trace is not { } trace)
            return;
        trace.FfnShares.Add(shares);
        trace.FfnEntropies.Add(pass.Mean(Routing.Entropy(gates, logits)));
        trace.FfnWeights.Add(pass.Mean(weights.sum(-1)));
    }
}
