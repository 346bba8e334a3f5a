using Bam.Contracts.Runs;
using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>
/// Decoder of parallel-attention blocks, <c>x + Attention(n) + FFN(n)</c> with one shared norm <c>n = Norm(x)</c>; dense, or a BAM or
/// BTX mixture, as its configuration says. Not thread-safe; call it on one thread, inside a dispose scope.
/// </summary>
public sealed class Transformer : IDisposable
{
    private readonly ModelConfig _config;
    private readonly RotaryTable _rotary;
    private readonly Tensor _embedding, _head, _finalNorm;                     // [V, D], [V, D], [D]
    private readonly (Tensor Norm, IAttention Attention, IFeedForward Ffn)[] _blocks;

    /// <param name="parameters">Weights; the model reads their working copies and does not own them.</param>
    public Transformer(ParameterSet parameters)
    {
        _config = parameters.Config;
        Parameters = parameters;
        _rotary = new RotaryTable(_config, parameters.Device, parameters.Compute);
        _embedding = parameters["embed.weight"];
        _head = _config.Tied ? _embedding : parameters["head.weight"];
        _finalNorm = parameters["norm.weight"];
        _blocks = [.. Enumerable.Range(0, _config.Layers).Select(Block)];
    }

    public ParameterSet Parameters { get; }

    /// <summary>Logits of every next token: int64 ids [B, T] give [B, T, V], in the type of the arithmetic.</summary>
    public Tensor Forward(Tensor ids) => Forward(ids, losses: null, trace: null);

    internal Tensor Forward(Tensor ids, RouterLosses? losses, RoutingTrace? trace)
    {
        int batch = (int)ids.size(0), time = (int)ids.size(1);
        var x = Ops.Embedding(_embedding, ids);                                // [B, T, D]
        foreach (var (norm, attention, ffn) in _blocks)
        {
            var n = Norm(x, norm);
            x = Ops.Add(Ops.Add(x, attention.Forward(n, _rotary, batch, time, trace)), ffn.Forward(n, batch, time, losses, trace));
        }

        return Ops.Linear(Norm(x, _finalNorm), _head);
    }

    /// <summary>Negative log-likelihood in nats of each target: ids and targets [B, T] give [B·T], float32.</summary>
    public Tensor TokenLosses(Tensor ids, Tensor targets) =>
        nn.functional.cross_entropy(Flat(Forward(ids)), targets.view(-1), reduction: nn.Reduction.None);

    /// <summary>The training loss and its parts, scalars on the device.</summary>
    internal StepLoss Loss(Tensor ids, Tensor targets, LossWeights weights, RoutingTrace? trace)
    {
        var losses = _config.Experts > 0 ? new RouterLosses() : null;
        var nll = nn.functional.cross_entropy(Flat(Forward(ids, losses, trace)), targets.view(-1));
        if (losses is not { Balance: { } balance, Z: { } z })
            return new(nll, nll, null, null);
        var total = Ops.AddScaled(Ops.AddScaled(nll, balance, weights.Balance), z, weights.Z);
        return new(total, nll, balance, z);
    }

    public void Dispose() => _rotary.Dispose();

    private Tensor Flat(Tensor logits)
    {
        var rows = logits.view(-1, _config.Vocab);                             // [B·T, V]
        return Parameters.Compute == ScalarType.BFloat16 ? rows.to(float32) : rows;
    }

    private Tensor Norm(Tensor x, Tensor weight) => _config.Norm == NormKind.LayerNorm
        ? Ops.LayerNorm(x, weight, _config.Width, _config.NormEps)
        : Ops.RmsNorm(x, weight, _config.Width, _config.NormEps);

    private (Tensor, IAttention, IFeedForward) Block(int layer) =>
    (
        Parameters[$"blocks.{layer}.norm.weight"],
        _config.RoutesAttention ? new AttentionMixture(_config, Parameters, layer) : new Attention(_config, Parameters, layer),
        _config.Experts > 0 ? new FeedForwardMixture(_config, Parameters, layer) : new FeedForward(Parameters, layer)
    );
}
