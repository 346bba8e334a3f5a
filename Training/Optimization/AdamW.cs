using Bam.Contracts.Runs;
using Bam.Training.Model;
using TorchSharp;
using static Bam.Training.Native.Dispatcher;
using static TorchSharp.torch;

namespace Bam.Training.Optimization;

/// <summary>
/// AdamW (arXiv 1711.05101) on the float32 masters by libtorch's fused kernel: one launch for the matrices, one for the norms, which are
/// not decayed. Gradients are clipped by the kernel, and an update whose gradient is not finite is skipped, both without a device sync.
/// </summary>
public sealed class AdamW : IDisposable
{
    private const double Epsilon = 1e-8;

    private static readonly Scalar OneScalar = 1f.ToScalar();

    private readonly ParameterSet _parameters;
    private readonly TrainSpec _spec;
    private readonly Tensor _limit, _skipped;
    private readonly Tensor[]? _gradients;                                     // float32 copies when the step is bfloat16
    private readonly Group[] _groups;

    public AdamW(ParameterSet parameters, TrainSpec spec)
    {
        _parameters = parameters;
        _spec = spec;
        using var scope = NewDisposeScope();
        Tensor[] Zeros() => [.. parameters.Masters.Select(tensor => zeros_like(tensor).DetachFromDisposeScope())];
        FirstMoments = Zeros();
        SecondMoments = Zeros();
        Steps = zeros(1, float32, parameters.Device).squeeze().DetachFromDisposeScope();
        _limit = tensor((float)spec.ClipNorm, float32).to(parameters.Device).DetachFromDisposeScope();
        _skipped = zeros(1, float32, parameters.Device).squeeze().DetachFromDisposeScope();
        _gradients = parameters.HasCopies ? Zeros() : null;
        _groups =
        [
            Of(tensor => tensor.Group != TensorGroup.Norm, spec.WeightDecay),
            Of(tensor => tensor.Group == TensorGroup.Norm, decay: 0),
        ];
    }

    /// <summary>Running means of the gradients, in the order of the parameters.</summary>
    public IReadOnlyList<Tensor> FirstMoments { get; }

    /// <summary>Running means of the squared gradients, in the order of the parameters.</summary>
    public IReadOnlyList<Tensor> SecondMoments { get; }

    /// <summary>Updates done, a float32 scalar on the device.</summary>
    public Tensor Steps { get; }

    /// <summary>Updates left out because the gradient was not finite; reading it waits for the device.</summary>
    public long Skipped => (long)_skipped.item<float>();

    /// <summary>One update from the gradients of the working copies, which are then freed.</summary>
    /// <returns>Norm of the gradient before clipping, on the device, in the caller's scope.</returns>
    public Tensor Step(double learningRate)
    {
        using var quiet = no_grad();
        var gradients = TakeGradients();
        var (norm, divisor, bad) = GradientNorm.Measure(gradients, _limit);
        Steps.add_(bad.neg().add_(OneScalar, OneScalar), OneScalar);
        _skipped.add_(bad, OneScalar);
        foreach (var group in _groups)
            Update(group, gradients, divisor, bad, learningRate);
        _parameters.Publish();
        return norm;
    }

    public void Dispose()
    {
        foreach (var tensor in FirstMoments.Concat(SecondMoments).Concat(_gradients ?? []).Append(Steps).Append(_limit).Append(_skipped))
            tensor.Dispose();
    }

    private Tensor[] TakeGradients()
    {
        var working = _parameters.Working;
        var gradients = new Tensor[working.Count];
        for (var i = 0; i < gradients.Length; i++)
            gradients[i] = working[i].grad ?? throw new InvalidOperationException($"{_parameters.Specs[i].Name} has no gradient");
        if (_gradients is not null)
        {
            Ops.CopyAll(_gradients, gradients);
            gradients = _gradients;
        }

        foreach (var tensor in working)
            tensor.grad = null;
        return gradients;
    }

    private void Update(Group group, Tensor[] gradients, Tensor divisor, Tensor bad, double learningRate)
    {
        Span<ulong> stack =
        [
            Argument(group.Masters), Argument(Pick(gradients, group.Indices)), Argument(group.First), Argument(group.Second),
            Argument(Array.Empty<Tensor>()), Argument(group.Steps),
            Argument(learningRate), Argument(_spec.Beta1), Argument(_spec.Beta2), Argument(group.Decay), Argument(Epsilon),
            Argument(false), Argument(false), Optional(divisor), Optional(bad),
        ];
        Call("aten::_fused_adamw_\0"u8, "\0"u8, stack);
    }

    private Group Of(Func<TensorSpec, bool> which, double decay)
    {
        int[] indices = [.. Enumerable.Range(0, _parameters.Specs.Count).Where(i => which(_parameters.Specs[i]))];
        return new Group(
            indices, Pick(_parameters.Masters, indices), Pick(FirstMoments, indices), Pick(SecondMoments, indices),
            [.. indices.Select(_ => Steps)], decay);
    }

    private static Tensor[] Pick(IReadOnlyList<Tensor> all, int[] indices) => Array.ConvertAll(indices, i => all[i]);

    /// <summary>Tensors with one decay, in the lists that the kernel takes; only the gradients change from step to step.</summary>
    private sealed record Group(int[] Indices, Tensor[] Masters, Tensor[] First, Tensor[] Second, Tensor[] Steps, double Decay);
}
