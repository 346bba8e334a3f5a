using Bam.Contracts.Runs;
using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>
/// Soft mixture of attention: <c>y_t = Σ_j g_j(x_t) · Attn_j(x)_t</c>, <c>g = softmax(W_a x)</c> over all E experts
/// (BAM, arXiv 2408.08274, section 4.2); with top-1 or top-2 routing (table 6) all but the largest gates are zero. The E experts run as
/// one attention call with E·H query heads: with KV experts each group of heads has its own keys and values; with KV sharing every
/// expert's heads attend to one set. Sparse gates save no work: they are there to compare how well they learn.
/// </summary>
internal sealed class AttentionMixture : IAttention
{
    private readonly ModelConfig _config;
    private readonly int _layer;
    private readonly Tensor _q, _k, _v;                                        // [E, H·K, D], and [E, Hkv·K, D] or [Hkv·K, D] twice
    private readonly Tensor _o, _router;                                       // [E, D, H·K], [E, D]

    public AttentionMixture(ModelConfig config, ParameterSet parameters, int layer)
    {
        var block = $"blocks.{layer}.attention";
        var shared = config.Kv == KvMode.Shared;
        _config = config;
        _layer = layer;
        _q = parameters[$"{block}.experts.q"];
        _k = parameters[shared ? $"{block}.k.weight" : $"{block}.experts.k"];
        _v = parameters[shared ? $"{block}.v.weight" : $"{block}.experts.v"];
        _o = parameters[$"{block}.experts.o"];
        _router = parameters[$"{block}.router.weight"];
    }

    public Tensor Forward(Tensor x, ForwardPass pass)
    {
        int batch = pass.Batch, time = pass.Time, experts = _config.Experts, width = _config.HeadWidth;
        int heads = experts * _config.Heads, kvHeads = _config.KvExperts * _config.KvHeads;
        var q = pass.Rotate(Project(x, _q), heads);                                                  // [B, T, E·H, K]
        var k = pass.Rotate(Project(x, _k), kvHeads).transpose(1, 2);                                // [B, Ekv·Hkv, T, K]
        var v = Project(x, _v).view(batch, time, kvHeads, width).transpose(1, 2);
        var y = pass.Attend(_layer, ByKvHead(q, batch, time).transpose(1, 2), k, v);
        var heard = ByExpert(y.transpose(1, 2), batch, time);                                        // [B, T, E, H·K]
        var gates = Gates(x, pass);                                                                  // [B, T, E]

        // The gate scales an expert's output; as W_o is linear it may scale its input, and Σ_j lies in the stacked [D, E·H·K].
        var gated = heard.mul(gates.to(heard.dtype).unsqueeze(-1)).view(batch, time, heads * width);
        return Ops.Linear(gated, _o.permute(1, 0, 2).reshape(_config.Width, heads * width));
    }

    private Tensor Gates(Tensor x, ForwardPass pass)
    {
        var logits = Ops.Wide(Ops.Linear(x, _router));                                               // [B, T, E]
        var gates = Routing.Gates(logits, pass.Forced);
        var applied = gates;
        if (pass.Forced is null && _config.AttentionTopK < _config.Experts)
        {
            var (weights, chosen) = Routing.Choose(gates, _config.AttentionTopK, _config.AttentionRenormalise);
            applied = zeros_like(gates).scatter(-1, chosen, weights);
        }

        if (pass.Trace is { } trace)
        {
            var shares = pass.Mean(applied.view(pass.Tokens, _config.Experts));
            trace.AttentionShares.Add(shares.div(shares.sum()));
            trace.AttentionEntropies.Add(pass.Mean(Routing.Entropy(gates, logits).view(-1)));
        }

        return applied;
    }

    private Tensor Project(Tensor x, Tensor weight) => Ops.Linear(x, weight.view(-1, _config.Width));

    /// <summary>[B, T, E·H, K] with the heads that share keys and values side by side. With KV experts they already are.</summary>
    private Tensor ByKvHead(Tensor q, int batch, int time)
    {
        if (_config.Kv == KvMode.Experts)
            return q;
        int group = _config.Heads / _config.KvHeads, width = _config.HeadWidth;
        return q.view(batch, time, _config.Experts, _config.KvHeads, group, width).transpose(2, 3)   // [B, T, Hkv, E, group, K]
            .reshape(batch, time, _config.Experts * _config.Heads, width);
    }

    /// <summary>The inverse of <see cref="ByKvHead"/>: [B, T, E·H, K] to [B, T, E, H·K].</summary>
    private Tensor ByExpert(Tensor y, int batch, int time)
    {
        int group = _config.Heads / _config.KvHeads, width = _config.HeadWidth;
        if (_config.Kv == KvMode.Shared)
            y = y.reshape(batch, time, _config.KvHeads, _config.Experts, group, width).transpose(2, 3);
        return y.reshape(batch, time, _config.Experts, _config.Heads * width);
    }
}
