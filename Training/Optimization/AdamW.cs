using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;
using TorchSharp;
using static Bam.Training.Native.Dispatcher;
using static TorchSharp.torch;

namespace Bam.Training.Optimization;

/// <summary>
/// AdamW (arXiv 1711.05101) on the float32 masters by libtorch's fused kernel: one launch for the matrices, one for the norms, which are
/// not decayed. Gradients are clipped by the kernel, both without a device sync. An update whose loss or gradient is not finite is left out,
/// and so is every one after it until a <see cref="Reset"/>: weights and moments stand where the last good step left them.
/// Frozen parts are left alone altogether: no decay, no moments, and their bias correction begins when they do.
/// </summary>
public sealed class AdamW : IDisposable
{
    private const double Epsilon = 1e-8;

    private static readonly Scalar OneScalar = 1f.ToScalar();

    private readonly ParameterSet _parameters;
    private readonly TrainSpec _spec;
    private readonly FrozenParts _late;
    private readonly Tensor _limit, _skipped, _lateSteps, _lateOffset;
    private readonly NonFiniteFlag _flag;
    private readonly Tensor[]? _gradients;                                     // float32 copies when the step is bfloat16
    private readonly Group[] _groups = [];
    private readonly FlatUpdate? _flat;                                        // where the weights lie flat

    /// <param name="parameters">Weights to update; not owned.</param>
    /// <param name="spec">Betas, decay and clipping.</param>
    /// <param name="freeze">What is frozen at first; null for nothing.</param>
    public AdamW(ParameterSet parameters, TrainSpec spec, Freeze? freeze = null)
    {
        _parameters = parameters;
        _spec = spec;
        _late = freeze?.Parts ?? FrozenParts.None;
        using var scope = NewDisposeScope();
        Tensor[] Zeros() => [.. parameters.Masters.Select(tensor => zeros_like(tensor).DetachFromDisposeScope())];
        Tensor Number(float value) => tensor(value, float32).to(parameters.Device).DetachFromDisposeScope();
        Steps = Number(0);
        _limit = Number((float)spec.ClipNorm);
        _skipped = Number(0);
        _flag = new NonFiniteFlag(_skipped);
        _lateSteps = Number(0);
        _lateOffset = Number(-(freeze?.Steps ?? 0));
        if (parameters.Flat is { } flat)
        {
            var kind = spec.OptimizerStates == Precision.BFloat16 ? ScalarType.BFloat16 : flat.Masters.dtype;
            Tensor Flat(long count, ScalarType type) => zeros(count, type, parameters.Device).DetachFromDisposeScope();
            _flat = new FlatUpdate(
                flat, Flat(flat.Layout.Count, kind), Flat(flat.Layout.Count, kind), Steps, _skipped, Flat(1, flat.Masters.dtype),
                Flat(8, flat.Masters.dtype), _late, freeze?.Steps ?? 0, spec, Epsilon);
            FirstMoments = [.. parameters.Specs.Select(tensor => flat.View(_flat.First, tensor))];
            SecondMoments = [.. parameters.Specs.Select(tensor => flat.View(_flat.Second, tensor))];
            return;
        }

        FirstMoments = Zeros();
        SecondMoments = Zeros();
        _gradients = parameters.HasCopies ? Zeros() : null;
        _groups =
        [
            .. new[] { Of(late: false, decayed: true), Of(late: false, decayed: false), Of(late: true, decayed: true), Of(late: true, decayed: false) }
                .Where(group => group.Indices.Length > 0),
        ];
    }

    /// <summary>Running means of the gradients, in the order of the parameters.</summary>
    public IReadOnlyList<Tensor> FirstMoments { get; }

    /// <summary>Running means of the squared gradients, in the order of the parameters.</summary>
    public IReadOnlyList<Tensor> SecondMoments { get; }

    /// <summary>Updates done, a float32 scalar on the device.</summary>
    public Tensor Steps { get; }

    /// <summary>Updates left out: the first one had a loss or gradient that was not finite. Reading it waits for the device.</summary>
    public long Skipped => (long)_skipped.item<float>();

    /// <summary>Whether updates are left out, as far as the device has told; it is not waited for.</summary>
    public bool IsHalted => _flag.IsSeen;

    /// <summary>Back to before the first update.</summary>
    public void Reset()
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        foreach (var tensor in FirstMoments.Concat(SecondMoments).Append(Steps).Append(_skipped))
            tensor.zero_();
        _flag.Clear();
    }

    /// <summary>One update from the gradients of the working copies, which are then freed.</summary>
    /// <param name="learningRate">Rate of this step.</param>
    /// <param name="loss">What was differentiated, a scalar.</param>
    /// <param name="frozen">Parts that have no gradient and stay: those of the constructor, or none.</param>
    /// <returns>Norm of the gradient before clipping, on the device, in the caller's scope.</returns>
    public Tensor Step(double learningRate, Tensor loss, FrozenParts frozen = FrozenParts.None)
    {
        Check(frozen);
        if (_flat is not null)
            throw new InvalidOperationException("weights that lie flat are updated from the gradients of a fused step");
        using var quiet = no_grad();
        var groups = _groups.Where(group => !group.IsLate || frozen == FrozenParts.None).ToArray();
        var gradients = TakeGradients(groups);
        var (norm, divisor, bad) = GradientNorm.Measure([.. gradients.SelectMany(list => list)], _limit, loss, _skipped);
        Steps.add_(bad.neg().add_(OneScalar, OneScalar), OneScalar);
        _skipped.add_(bad, OneScalar);
        _flag.Ask();
        if (_late != FrozenParts.None)
            _lateSteps.copy_(Ops.Add(Steps, _lateOffset).maximum(ones_like(Steps)));
        foreach (var (group, list) in groups.Zip(gradients))
            Update(group, list, divisor, bad, learningRate);
        _parameters.Publish();
        return norm;
    }

    /// <summary>Sets the rate of the next <see cref="Update(FrozenParts, IStepKernels, IReadOnlyList{Tensor}, Tensor)"/>.</summary>
    internal void SetRate(double learningRate)
    {
        using var quiet = no_grad();
        using var rate = learningRate.ToScalar();
        _flat!.Rate.fill_(rate);
    }

    /// <summary>One update of flat weights from the gradients of a fused step: two launches, and one that adds up the norm.</summary>
    /// <param name="frozen">Parts that stay: those of the constructor, or none.</param>
    /// <param name="kernels">Operations.</param>
    /// <param name="gradients">Gradient of each piece; null for frozen ones.</param>
    /// <param name="loss">Loss that they are of, a scalar.</param>
    internal void Update(FrozenParts frozen, IStepKernels kernels, IReadOnlyList<Tensor?> gradients, Tensor loss)
    {
        Check(frozen);
        using var quiet = no_grad();
        kernels.Update(_flat!, gradients, loss, frozen != FrozenParts.None);
    }

    /// <summary>Asks whether the last update was left out, and for its norm.</summary>
    /// <returns>Norm of the gradient before clipping, on the device, in the caller's scope; the next update overwrites it.</returns>
    internal Tensor AskNorm()
    {
        using var quiet = no_grad();
        _flag.Ask();
        return _flat!.Control.select(0, 0);
    }

    public void Dispose()
    {
        _flat?.Dispose();
        foreach (var tensor in FirstMoments.Concat(SecondMoments).Concat(_gradients ?? []))
            tensor.Dispose();
        foreach (var number in new[] { Steps, _limit, _skipped, _lateSteps, _lateOffset })
            number.Dispose();
        _flag.Dispose();
    }

    private void Check(FrozenParts frozen)
    {
        if (frozen != FrozenParts.None && frozen != _late)
            throw new ArgumentException($"{frozen} are frozen, but the optimizer was made for {_late}", nameof(frozen));
    }

    /// <summary>The gradients of each group.</summary>
    private Tensor[][] TakeGradients(Group[] groups)
    {
        var working = _parameters.Working;
        var taken = Array.ConvertAll(groups, group => Array.ConvertAll(
            group.Indices, i => working[i].grad ?? throw new InvalidOperationException($"{_parameters.Specs[i].Name} has no gradient")));
        if (_gradients is not null)
        {
            var wide = Array.ConvertAll(groups, group => Pick(_gradients, group.Indices));
            Ops.CopyAll([.. wide.SelectMany(list => list)], [.. taken.SelectMany(list => list)]);
            taken = wide;
        }

        foreach (var tensor in working)
            tensor.grad = null;
        return taken;
    }

    private void Update(Group group, Tensor[] gradients, Tensor divisor, Tensor bad, double learningRate)
    {
        Span<ulong> stack =
        [
            Argument(group.Masters), Argument(gradients), Argument(group.First), Argument(group.Second),
            Argument(Array.Empty<Tensor>()), Argument(group.Steps),
            Argument(learningRate), Argument(_spec.Beta1), Argument(_spec.Beta2), Argument(group.Decay), Argument(Epsilon),
            Argument(false), Argument(false), Optional(divisor), Optional(bad),
        ];
        Call("aten::_fused_adamw_\0"u8, "\0"u8, stack);
    }

    private Group Of(bool late, bool decayed)
    {
        int[] indices =
        [
            .. _parameters.Specs.Index().Where(spec => spec.Item.IsFrozen(_late) == late && (spec.Item.Group != TensorGroup.Norm) == decayed)
                .Select(spec => spec.Index),
        ];
        return new Group(
            indices, Pick(_parameters.Masters, indices), Pick(FirstMoments, indices), Pick(SecondMoments, indices),
            [.. indices.Select(_ => late ? _lateSteps : Steps)], late, decayed ? _spec.WeightDecay : 0);
    }

    private static Tensor[] Pick(IReadOnlyList<Tensor> all, int[] indices) => Array.ConvertAll(indices, i => all[i]);

    /// <summary>Tensors with one decay, in the lists that the kernel takes; only the gradients change from step to step.</summary>
    private sealed record Group(int[] Indices, Tensor[] Masters, Tensor[] First, Tensor[] Second, Tensor[] Steps, bool IsLate, double Decay);
}
