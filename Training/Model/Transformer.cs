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
    public Tensor Forward(Tensor ids) => Forward(ids, Pass(ids));

    /// <summary>Logits of the tokens that follow those in a cache, which takes them in: ids [B, T] give [B, T, V].</summary>
    /// <param name="ids">The whole first part of each sequence, or one token more of each.</param>
    /// <param name="cache">What was read before.</param>
    /// <param name="padding">Padding on the left of each row's first part, [B]; null for none.</param>
    public Tensor Forward(Tensor ids, KvCache cache, long[]? padding = null)
    {
        var pass = Pass(ids);
        var inMiddle = cache.Length > 0 && pass.Time > 1;
        var mask = padding is null && !inMiddle
            ? null
            : SequenceMask.LeftPadded(padding ?? new long[pass.Batch], cache.Length, pass.Time, Parameters.Device);
        var logits = Forward(ids, pass with { Cache = cache, Mask = mask });
        cache.Advance(pass.Time);
        return logits;
    }

    /// <summary>A pass over ids [B, T] that is one sequence a row.</summary>
    internal ForwardPass Pass(Tensor ids) => new((int)ids.size(0), (int)ids.size(1), _rotary);

    internal Tensor Forward(Tensor ids, ForwardPass pass)
    {
        var x = Embed(ids);                                                    // [B, T, D]
        for (var layer = 0; layer < _blocks.Length; layer++)
            x = Advance(layer, x, Normalise(layer, x), pass);
        return Ops.Linear(Norm(x, _finalNorm), _head);
    }

    /// <summary>The first block's input: ids [B, T] give [B, T, D].</summary>
    internal Tensor Embed(Tensor ids) => Ops.Embedding(_embedding, ids);

    /// <summary>What attention, FFN and routers of a block read: its normalised input, [B, T, D].</summary>
    internal Tensor Normalise(int layer, Tensor x) => Norm(x, _blocks[layer].Norm);

    /// <summary>One block: its input and normalised input [B, T, D] give its output.</summary>
    internal Tensor Advance(int layer, Tensor x, Tensor n, ForwardPass pass) =>
        Ops.Add(Ops.Add(x, _blocks[layer].Attention.Forward(n, pass)), _blocks[layer].Ffn.Forward(n, pass));

    /// <summary>Negative log-likelihood in nats of each target: ids and targets [B, T] give [B·T], float32.</summary>
    public Tensor TokenLosses(Tensor ids, Tensor targets) => TokenLosses(ids, targets, Pass(ids));

    internal Tensor TokenLosses(Tensor ids, Tensor targets, ForwardPass pass) =>
        nn.functional.cross_entropy(Flat(Forward(ids, pass)), targets.view(-1), reduction: nn.Reduction.None);

    /// <summary>The training loss and its parts, scalars on the device.</summary>
    /// <param name="ids">[B, T].</param>
    /// <param name="targets">[B, T]; -100 is not counted.</param>
    /// <param name="weights">Weights of the auxiliary losses.</param>
    /// <param name="pass">Padding, packing, a trace; null for none of them.</param>
    internal StepLoss Loss(Tensor ids, Tensor targets, LossWeights weights, ForwardPass? pass = null)
    {
        var losses = _config.Experts > 0 ? new RouterLosses() : null;
        var nll = nn.functional.cross_entropy(Flat(Forward(ids, (pass ?? Pass(ids)) with { Losses = losses })), targets.view(-1));
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
