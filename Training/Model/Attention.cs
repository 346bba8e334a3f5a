using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>Causal multi-head attention with rotary positions and grouped keys and values; also the one attention of BTX.</summary>
internal sealed class Attention(ModelConfig config, ParameterSet parameters, int layer) : IAttention
{
    private readonly Tensor _q = parameters[$"blocks.{layer}.attention.q.weight"];      // [H·K, D]
    private readonly Tensor _k = parameters[$"blocks.{layer}.attention.k.weight"];      // [Hkv·K, D]
    private readonly Tensor _v = parameters[$"blocks.{layer}.attention.v.weight"];      // [Hkv·K, D]
    private readonly Tensor _o = parameters[$"blocks.{layer}.attention.o.weight"];      // [D, H·K]

    public Tensor Forward(Tensor x, ForwardPass pass)
    {
        int heads = config.Heads, kvHeads = config.KvHeads, width = config.HeadWidth;
        var q = pass.Rotate(Ops.Linear(x, _q), heads).transpose(1, 2);                               // [B, H, T, K]
        var k = pass.Rotate(Ops.Linear(x, _k), kvHeads).transpose(1, 2);                             // [B, Hkv, T, K]
        var v = Ops.Linear(x, _v).view(pass.Batch, pass.Time, kvHeads, width).transpose(1, 2);
        var y = pass.Attend(layer, q, k, v).transpose(1, 2);                                         // [B, T, H, K]
        return Ops.Linear(y.reshape(pass.Batch, pass.Time, heads * width), _o);
    }
}
