using Bam.Contracts.Runs;
using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>
/// Soft mixture of attention: <c>y_t = Σ_j g_j(x_t) · Attn_j(x)_t</c>, <c>g = softmax(W_a x)</c> over all E experts
/// (BAM, arXiv 2408.08274, section 4.2). The E experts run as one attention call with E·H query heads: with KV experts each
/// group of heads has its own keys and values; with KV sharing every expert's heads attend to one set.
/// </summary>
internal sealed class AttentionMixture : IAttention
{
    private readonly ModelConfig _config;
    private readonly Tensor _q, _k, _v;                                        // [E, H·K, D], and [E, Hkv·K, D] or [Hkv·K, D] twice
    private readonly Tensor _o, _router;                                       // [E, D, H·K], [E, D]

    public AttentionMixture(ModelConfig config, ParameterSet parameters, int layer)
    {
        var block = $"blocks.{layer}.attention";
        var shared = config.Kv == KvMode.Shared;
        _config = config;
        _q = parameters[$"{block}.experts.q"];
        _k = parameters[shared ? $"{block}.k.weight" : $"{block}.experts.k"];
        _v = parameters[shared ? $"{block}.v.weight" : $"{block}.experts.v"];
        _o = parameters[$"{block}.experts.o"];
        _router = parameters[$"{block}.router.weight"];
    }

    public Tensor Forward(Tensor x, RotaryTable rotary, int batch, int time, RoutingTrace? trace)
    {
        int experts = _config.Experts, heads = _config.Heads, kvHeads = _config.KvExperts * _config.KvHeads, width = _config.HeadWidth;
        var q = rotary.Apply(Project(x, _q), batch, time, experts * heads, width);                   // [B, T, E·H, K]
        var k = rotary.Apply(Project(x, _k), batch, time, kvHeads, width).transpose(1, 2);           // [B, Ekv·Hkv, T, K]
        var v = Project(x, _v).view(batch, time, kvHeads, width).transpose(1, 2);
        var y = Ops.CausalAttention(ByKvHead(q, batch, time).transpose(1, 2), k, v, grouped: experts * heads != kvHeads);
        var heard = ByExpert(y.transpose(1, 2), batch, time);                                        // [B, T, E, H·K]

        var logits = Ops.Linear(x, _router).to(float32);                                             // [B, T, E]
        var gates = logits.softmax(-1);
        if (trace is not null)
        {
            trace.AttentionShares.Add(gates.mean([0, 1]));
            trace.AttentionEntropies.Add(RoutingTrace.Entropy(gates, logits));
        }

        // The gate scales an expert's output; as W_o is linear it may scale its input, and Σ_j lies in the stacked [D, E·H·K].
        var gated = heard.mul(gates.to(heard.dtype).unsqueeze(-1)).view(batch, time, experts * heads * width);
        var output = _o.permute(1, 0, 2).reshape(_config.Width, experts * heads * width);
        return Ops.Linear(gated, output);
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
