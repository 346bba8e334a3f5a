using System.Diagnostics;
using Bam.Contracts.Runs;
using Bam.Training.Fused;
using Bam.Training.Kernels;
using Bam.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Optimization;

/// <summary>
/// The training step of one model: batch, forward, backward, update. A step enqueues work and reads nothing back; only a step that is
/// asked for a reading waits for the device. Every call must come from the same thread.
/// </summary>
public sealed class Trainer : IDisposable
{
    private static readonly Scalar NanScalar = double.NaN.ToScalar(), OneScalar = 1.ToScalar();

    private readonly Transformer _model;
    private readonly AdamW _optimizer;
    private readonly IBatchSource _batches;
    private readonly TrainSpec _spec;
    private readonly LearningRate _rate;
    private readonly LossWeights _weights;
    private readonly long[] _inputs, _targets;                                 // [B, T] each
    private readonly int _context;
    private readonly Freeze _freeze;
    private readonly IStepKernels? _kernels;
    private readonly FusedStep? _fused;                                        // where the weights lie flat
    private readonly StepRecorder? _recorder;                                  // of the fused step
    private readonly Tensor _lossSum;                                          // of the steps since the last reading
    private long _unread;

    /// <param name="model">Model to train; not owned.</param>
    /// <param name="optimizer">Optimizer of its parameters; not owned.</param>
    /// <param name="batches">Data.</param>
    /// <param name="spec">Batch, schedule and loss weights.</param>
    /// <param name="steps">Length of the training.</param>
    /// <param name="step">Steps done before.</param>
    /// <param name="freeze">What stays as it is in the first steps; null for nothing.</param>
    /// <param name="skips">Batches that are left out; null for none.</param>
    public Trainer(
        Transformer model, AdamW optimizer, IBatchSource batches, TrainSpec spec, long steps, long step = 0, Freeze? freeze = null,
        BatchSkips? skips = null)
        : this(
            model, optimizer, batches, spec, steps, step, freeze, skips,
            model.Parameters.Flat is null ? null : FastPath.Kernels(model.Parameters.Device))
    {
    }

    /// <param name="kernels">Operations of a fused step, which become the trainer's; null to differentiate.</param>
    internal Trainer(
        Transformer model, AdamW optimizer, IBatchSource batches, TrainSpec spec, long steps, long step, Freeze? freeze, BatchSkips? skips,
        IStepKernels? kernels)
    {
        _model = model;
        _optimizer = optimizer;
        _batches = batches;
        _spec = spec;
        _context = model.Parameters.Config.Context;
        _rate = new LearningRate(spec, steps);
        _weights = new LossWeights(spec.LoadBalance, spec.RouterZ);
        _inputs = new long[spec.Batch * _context];
        _targets = new long[spec.Batch * _context];
        _freeze = freeze ?? Freeze.Nothing;
        Step = step;
        Skips = skips ?? BatchSkips.None;
        _kernels = kernels;
        _lossSum = tensor(0f, device: model.Parameters.Device).DetachFromDisposeScope();
        if (kernels is null)
            return;
        _fused = new FusedStep(model.Parameters, kernels, spec.Batch, spec.Recompute);
        _recorder = new StepRecorder(kernels.Record, StepRecorder.IsWorthIt(model.Parameters.Config, spec.Batch));
    }

    /// <summary>Steps done.</summary>
    public long Step { get; private set; }

    /// <summary>Batches that are left out.</summary>
    public BatchSkips Skips { get; private set; }

    /// <summary>Number of the next batch.</summary>
    public long NextBatch => Skips.BatchOf(Step);

    /// <summary>Whether a step is one launch by now.</summary>
    internal bool IsRecorded => _recorder?.IsRecorded == true;

    /// <summary>Tokens of one step.</summary>
    public long TokensPerStep => _inputs.Length;

    /// <summary>The loss since the last reading. To get it waits for the device, but for none right after a reading.</summary>
    public UnreadLoss Unread
    {
        get => _unread == 0 ? default : new(_unread, _lossSum.item<float>());
        set
        {
            using var sum = value.Sum.ToScalar();
            _lossSum.fill_(sum);
            _unread = value.Steps;
        }
    }

    /// <summary>Time spent waiting for data.</summary>
    public TimeSpan DataWait { get; private set; }

    /// <summary>Goes on from an earlier step; weights and moments must be those of that step.</summary>
    public void GoBack(long step, BatchSkips skips) => (Step, Skips) = (step, skips);

    /// <summary>One optimizer step.</summary>
    /// <param name="read">Whether to wait for the device and return the numbers of the step.</param>
    /// <param name="poison">Whether the loss becomes NaN: a fault that was ordered.</param>
    /// <returns>The numbers, or null when they were not asked for.</returns>
    public StepReading? Advance(bool read, bool poison = false)
    {
        var began = Stopwatch.GetTimestamp();
        _batches.Fill(NextBatch, _inputs, _targets);
        DataWait += Stopwatch.GetElapsedTime(began);

        using var scope = NewDisposeScope();
        var frozen = _freeze.At(Step);
        var trace = read && _model.Parameters.Config.Experts > 0 ? new RoutingTrace() : null;
        var rate = _rate.At(Step);
        Tensor norm;
        StepLoss loss;
        if (_fused is { } fused)
        {
            fused.Upload(_inputs, _targets);
            _optimizer.SetRate(rate);
            if (trace is null && !poison && frozen == FrozenParts.None)
                _recorder!.Run(() => Enqueue(fused, FrozenParts.None, null, poison: false));
            else
                Enqueue(fused, frozen, trace, poison);
            (loss, norm) = (Poisoned(fused.Loss(routers: read), poison), _optimizer.AskNorm());
        }
        else
        {
            (loss, norm) = Differentiate(rate, frozen, trace, poison);
        }

        AddUp(loss.Nll);
        Step++;
        return read ? Read(loss, norm, rate, trace) : null;
    }

    public void Dispose()
    {
        _recorder?.Dispose();
        _fused?.Dispose();
        _kernels?.Dispose();
        _lossSum.Dispose();
    }

    /// <summary>The step written out. What it reads of the host lies on the device by now, so that it can be recorded.</summary>
    private void Enqueue(FusedStep fused, FrozenParts frozen, RoutingTrace? trace, bool poison)
    {
        fused.Run(_spec.LoadBalance, _spec.RouterZ, frozen, trace);
        _optimizer.Update(frozen, _kernels!, fused.Gradients.Pieces, Poisoned(fused.Loss(routers: false), poison).Total);
    }

    /// <summary>The step by autograd, with torch's own operations.</summary>
    private (StepLoss Loss, Tensor Norm) Differentiate(double rate, FrozenParts frozen, RoutingTrace? trace, bool poison)
    {
        _model.Parameters.Freeze(frozen);
        var device = _model.Parameters.Device;
        var inputs = tensor(_inputs, [_spec.Batch, _context]).to(device);      // [B, T]
        var targets = tensor(_targets, [_spec.Batch, _context]).to(device);    // [B, T]
        var loss = Poisoned(_model.Loss(inputs, targets, _weights, _model.Pass(inputs) with { Trace = trace }), poison);
        loss.Total.backward();
        return (loss, _optimizer.Step(rate, loss.Total, frozen));
    }

    private void AddUp(Tensor loss)
    {
        using var quiet = no_grad();
        _lossSum.add_(loss, OneScalar);
        _unread++;
    }

    private static StepLoss Poisoned(StepLoss loss, bool poison) =>
        poison ? loss with { Total = loss.Total.mul(NanScalar), Nll = loss.Nll.mul(NanScalar) } : loss;

    private StepReading Read(StepLoss loss, Tensor norm, double rate, RoutingTrace? trace)
    {
        double layers = _model.Parameters.Config.Layers;
        var mean = (double)_lossSum.item<float>() / _unread;
        Unread = default;
        return new StepReading
        {
            Step = Step,
            Loss = loss.Nll.item<float>(),
            MeanLoss = mean,
            GradientNorm = norm.item<float>(),
            LearningRate = rate,
            Balance = loss.Balance?.item<float>() / layers,
            Z = loss.Z?.item<float>() / layers,
            Routing = trace is null ? [] : RoutingTrace.Read(trace.Stack(), _model.Parameters.Config.Experts),
        };
    }
}
