using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Fused;

/// <summary>
/// Forward and backward pass of one training step without autograd, over memory that is taken once: every operation and every byte that
/// it moves stands in these pages. The kernels of each kind of device are our own (docs/LOG.md has what each is worth).
/// </summary>
internal sealed class FusedStep : IDisposable
{
    private const long MostLogitBytes = 1L << 31;

    private readonly StepShape _shape;
    private readonly IStepKernels _kernels;
    private readonly Arena _arena;
    private readonly FlatWeights _weights;
    private readonly FusedBlock[] _blocks;
    private readonly BackwardMemory _back;
    private readonly Matrix[] _streams;                                        // input of each block and of the last norm, [N, D]
    private readonly HeadChunk[] _chunks;
    private readonly Matrix _logits, _final;
    private readonly Tensor _finalStatistics, _inputs, _targets, _rowLosses, _numbers, _routerLosses;
    private readonly bool _recompute;
    private readonly string _head;

    /// <param name="parameters">Weights that lie flat; not owned.</param>
    /// <param name="kernels">Operations; not owned.</param>
    /// <param name="batch">Sequences of one context length in a step.</param>
    /// <param name="recompute">Whether blocks keep only their input and are computed again in the backward pass.</param>
    public FusedStep(ParameterSet parameters, IStepKernels kernels, int batch, bool recompute)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        var config = parameters.Config;
        _weights = parameters.Flat ?? throw new ArgumentException("the weights do not lie flat", nameof(parameters));
        _shape = new StepShape(config, batch);
        _kernels = kernels;
        _recompute = recompute;
        _arena = new Arena(parameters.Device, parameters.Compute);
        _head = config.Tied ? "embed.weight" : "head.weight";
        Gradients = new StepGradients(_arena, _weights.Layout);
        _back = new BackwardMemory(_arena, _shape);
        _routerLosses = _arena.Numbers(config.Layers, 2);
        _streams = [.. Enumerable.Range(0, config.Layers + 1).Select(_ => _arena.Matrix(_shape.Tokens, config.Width))];
        var angles = RotaryAngles.Of(config, _arena);
        BlockMemory? shared = null;
        _blocks =
        [
            .. Enumerable.Range(0, config.Layers).Select(layer =>
            {
                var memory = recompute ? shared ??= new BlockMemory(_arena, _shape, angles) : new BlockMemory(_arena, _shape, angles);
                return new FusedBlock(
                    _shape, layer, kernels, new BlockWeights(_weights, _shape, layer), Gradients, memory, _back,
                    _routerLosses.select(0, layer).DetachFromDisposeScope());
            }),
        ];

        int tokens = _shape.Tokens, vocab = config.Vocab;
        var parts = HeadParts(_shape);
        _logits = _arena.Matrix(tokens / parts, vocab);
        _final = _arena.Matrix(tokens, config.Width);
        _finalStatistics = _arena.Numbers(tokens, 2);
        _inputs = _arena.Take(ScalarType.Int64, tokens);
        _targets = _arena.Take(ScalarType.Int64, tokens);
        _rowLosses = _arena.Numbers(tokens);
        _numbers = _arena.Numbers(2);
        _chunks =
        [
            .. Enumerable.Range(0, parts).Select(part =>
            {
                int rows = tokens / parts, first = part * rows;
                return new HeadChunk(
                    _final.Band(first, rows), _back.Normed.Band(first, rows), _targets.narrow(0, first, rows).DetachFromDisposeScope(),
                    _rowLosses.narrow(0, first, rows).DetachFromDisposeScope());
            }),
        ];
    }

    public StepGradients Gradients { get; }

    /// <summary>Bytes that the step holds all the time, gradients included, weights and moments not.</summary>
    public long Bytes => _arena.Bytes;

    /// <summary>How many parts of the tokens have their logits in memory one after another.</summary>
    public static int HeadParts(StepShape shape)
    {
        var parts = 1;
        while (shape.Tokens % parts != 0 || (long)shape.Tokens / parts * shape.Config.Vocab * sizeof(ushort) > MostLogitBytes)
            parts++;
        return parts;
    }

    /// <summary>Whether a model can be trained so.</summary>
    public static bool Fits(ModelConfig config) =>
        config.Experts <= 32 && config.HeadWidth % 8 == 0 && config.HeadWidth <= 128 && config.Width <= 8192 && (config.Experts == 0 || config.Ffn % 8 == 0);

    /// <summary>Copies the batch of the next run to the device.</summary>
    /// <param name="inputs">[B·T].</param>
    /// <param name="targets">[B·T]; below 0 is not counted.</param>
    public void Upload(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets)
    {
        _kernels.Upload(inputs, _inputs);
        _kernels.Upload(targets, _targets);
    }

    /// <summary>Enqueues loss and gradients of the batch.</summary>
    /// <param name="balance">Weight of the load-balancing loss.</param>
    /// <param name="z">Weight of the router z-loss.</param>
    /// <param name="frozen">Parts that need no gradient.</param>
    /// <param name="trace">Takes in what the routers did; null for none.</param>
    public void Run(double balance, double z, FrozenParts frozen, RoutingTrace? trace = null)
    {
        using var quiet = no_grad();
        foreach (var block in _blocks)
            block.Forget();                                                    // what a step left that was not finished
        Gradients.Begin(frozen);
        var rows = Forward(trace);
        Head(rows);
        Backward(balance, z);
        if (!Gradients.Wants("embed.weight"))
            return;
        var table = Gradients["embed.weight"];
        if (!_shape.Config.Tied)
            table.Tensor.zero_();
        _kernels.AddToTable(_back.Residual, _inputs, table);
    }

    /// <summary>Losses of the last step.</summary>
    /// <param name="routers">Whether those of the routers are wanted.</param>
    public StepLoss Loss(bool routers)
    {
        var nll = _numbers.select(0, 1);
        if (_shape.Config.Experts == 0 || !routers)
            return new(nll, nll, null, null);
        var sums = _routerLosses.sum([0L]);
        return new(nll, nll, sums.select(0, 0), sums.select(0, 1));
    }

    public void Dispose()
    {
        foreach (var block in _blocks)
            block.Forget();                                                    // a step that did not fit may have left something
        _arena.Dispose();
    }

    private RowSum? Forward(RoutingTrace? trace)
    {
        _kernels.TakeRows(_weights["embed.weight"], _inputs, _streams[0]);
        RowSum? rows = null;
        for (var layer = 0; layer < _blocks.Length; layer++)
        {
            var block = _blocks[layer];
            block.Activate(_streams[layer], rows);
            rows?.Parts.Tensor.Dispose();
            rows = block.Finish(_streams[layer], _streams[layer + 1]);
            if (trace is not null)
                block.Observe(trace);
            if (_recompute)
                block.Forget();
        }

        return rows;
    }

    /// <summary>Last norm, logits, loss and the way back to the residual stream.</summary>
    private void Head(RowSum? rows)
    {
        var (last, weight, head) = (_streams[^1], _weights["norm.weight"], _weights[_head]);
        _kernels.Norm(last, rows, weight, _final, _finalStatistics, _shape.Norm);
        rows?.Parts.Tensor.Dispose();
        _kernels.CountTargets(_targets, _numbers);
        var wanted = Gradients.Wants(_head);
        foreach (var (i, chunk) in _chunks.Index())
        {
            _kernels.Multiply(chunk.Input, false, head, true, _logits);
            _kernels.CrossEntropy(_logits, chunk.Targets, _numbers, chunk.Losses);
            _kernels.Multiply(_logits, false, head, false, chunk.Gradient);
            if (wanted)
                _kernels.Multiply(_logits, true, chunk.Input, false, Gradients[_head], plus: i == 0 ? null : Gradients[_head]);
        }

        _kernels.MeanLoss(_rowLosses, _numbers);
        _kernels.NormBackward(
            _back.Normed, null, last, weight, _finalStatistics, _shape.Norm, _back.Residual, residual: false, Gradients["norm.weight"]);
    }

    private void Backward(double balance, double z)
    {
        for (var layer = _blocks.Length - 1; layer >= 0; layer--)
        {
            if (_recompute)
                _blocks[layer].Activate(_streams[layer], null);
            _blocks[layer].Backward(_streams[layer], balance, z);
        }
    }

    /// <summary>Rows whose logits are in memory at a time.</summary>
    private sealed record HeadChunk(Matrix Input, Matrix Gradient, Tensor Targets, Tensor Losses);
}
