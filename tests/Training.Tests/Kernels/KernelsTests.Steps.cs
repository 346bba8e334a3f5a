using Bam.Contracts.Runs;
using Bam.Training.Fused;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

/// <summary>Updates, and whole steps.</summary>
public abstract partial class KernelsTests
{
    [Theory]
    [InlineData("dense", Precision.Float32, FrozenParts.None)]
    [InlineData("BAM, KV experts", Precision.Float32, FrozenParts.Experts)]
    [InlineData("BAM, an FFN of 10", Precision.Float32, FrozenParts.AllButRouters)]
    [InlineData("BAM, KV sharing", Precision.BFloat16, FrozenParts.None)]
    public void Updates(string shape, Precision states, FrozenParts late)
    {
        var spec = new TrainSpec { WeightDecay = 0.3, Beta1 = 0.8, Beta2 = 0.9, ClipNorm = 0.5, OptimizerStates = states };
        var freeze = new Freeze(late, 2);
        using var fast = Flat(Shapes.All[shape], _twins.Device, _twins.Type);
        using var exact = Flat(Shapes.All[shape], CPU, ScalarType.Float64);
        using AdamW fastAdam = new(fast, spec, freeze), exactAdam = new(exact, spec with { OptimizerStates = Precision.Float32 }, freeze);
        var pieces = fast.Flat!.Layout.Pieces;
        for (var step = 0; step < 5; step++)
        {
            Twins[] gradients = [.. pieces.Select(piece => _twins.Draw(step, piece.Name, piece.Groups * piece.Rows, piece.Columns, 0.1))];
            var isBad = step == 3;                                             // the one after it is left out, too
            foreach (var gradient in isBad ? new[] { gradients[^1].Fast, gradients[^1].Exact } : [])
                gradient.narrow(0, 0, 1).narrow(1, 0, 1).fill_(double.NaN.ToScalar());
            var found = Step(fastAdam, _fast, gradients.Select(pair => pair.Fast), freeze.At(step), 1);
            var norm = Step(exactAdam, _exact, gradients.Select(pair => pair.Exact), freeze.At(step), 1);
            if (!isBad)
                Twins.Agree("norm", norm, found, 1e-4);
        }

        Assert.Equal(3, fastAdam.Steps.item<float>());
        Assert.Equal(2, fastAdam.Skipped);
        var tolerance = states == Precision.Float32 ? 1e-5 : 1e-2;
        foreach (var (i, tensor) in fast.Specs.Index())
        {
            Twins.Agree($"{tensor.Name} first", exactAdam.FirstMoments[i], fastAdam.FirstMoments[i], tolerance);
            Twins.Agree($"{tensor.Name} second", exactAdam.SecondMoments[i], fastAdam.SecondMoments[i], tolerance);
            Twins.Agree(tensor.Name, exact.Masters[i], fast.Masters[i], tolerance);
            Twins.Agree($"{tensor.Name} copy", fast.Masters[i].cpu().to(_twins.Type).to(float64), fast.Working[i], 0);
        }

        fastAdam.Reset();
        Step(fastAdam, _fast, pieces.Select(piece => _twins.Draw(9, piece.Name, piece.Groups * piece.Rows, piece.Columns).Fast), freeze.At(9), double.NaN);
        Assert.Equal(0, fastAdam.Steps.item<float>());
        Assert.Equal(1, fastAdam.Skipped);

        static Tensor Step(AdamW adam, IStepKernels kernels, IEnumerable<Tensor> gradients, FrozenParts frozen, double loss)
        {
            adam.SetRate(1e-2);
            adam.Update(
                frozen, kernels, [.. gradients.Select(gradient => (Tensor?)gradient)],
                full([1], loss.ToScalar(), kernels is PlainKernels ? float64 : float32, adam.Steps.device));
            return adam.AskNorm();
        }
    }

    [Theory]
    [InlineData("dense", 8, 2, false, NormKind.LayerNorm)]
    [InlineData("dense", 16, 4, true, NormKind.RmsNorm)]
    [InlineData("BAM, KV experts", 16, 2, false, NormKind.LayerNorm)]
    [InlineData("BAM, KV sharing", 64, 2, true, NormKind.RmsNorm)]
    [InlineData("BAM, top-2", 16, 4, false, NormKind.LayerNorm)]
    [InlineData("BAM, all experts, renormalised", 64, 1, true, NormKind.LayerNorm)]
    [InlineData("BTX", 32, 4, false, NormKind.LayerNorm)]
    public void Whole_steps(string shape, int headWidth, int kvHeads, bool recompute, NormKind norm)
    {
        var config = Shapes.All[shape] with
        {
            Width = 4 * headWidth, KvHeads = kvHeads, Context = 40, Norm = norm, RopeInterleaved = kvHeads > 2, Tied = headWidth > 16,
        };
        using var fast = Flat(config, _twins.Device, _twins.Type);
        using var exact = Flat(config, CPU, ScalarType.Float64);
        foreach (var (into, from) in exact.Masters.Zip(fast.Working))          // both start from the rounded weights
            into.detach().copy_(from.detach().cpu());
        var random = new Random(3);
        var ids = Enumerable.Range(0, 3 * config.Context).Select(_ => (long)random.Next(config.Vocab)).ToArray();
        var targets = ids.Select(id => random.Next(6) == 0 ? -100 : id * 5 % config.Vocab).ToArray();
        using FusedStep fastStep = new(fast, _fast, 3, recompute), exactStep = new(exact, _exact, 3, recompute);
        foreach (var step in new[] { fastStep, exactStep })
        {
            step.Upload(ids, targets);
            step.Run(0.01, 0.001, FrozenParts.None);
        }

        Twins.Agree("loss", exactStep.Loss(routers: false).Nll, fastStep.Loss(routers: false).Nll, 0.5 * _twins.OneRounding);
        foreach (var (i, piece) in exact.Flat!.Layout.Pieces.Index())
        {
            // A token whose gates are a rounding apart may go to another expert: what only routers and experts see is compared loosely.
            var routed = config.Experts > 0;
            Twins.Agree(
                piece.Name, exactStep.Gradients.Pieces[i]!.view(-1), fastStep.Gradients.Pieces[i]!.view(-1), (routed ? 30 : 8) * _twins.OneRounding);
        }
    }

    [Theory]
    [InlineData("dense")]
    [InlineData("BAM, KV experts")]
    [InlineData("BAM, KV sharing")]
    [InlineData("BTX")]
    public void A_model_reads_weights_that_lie_flat_as_it_reads_others(string shape)
    {
        var config = Shapes.All[shape] with { Width = 64 };
        using var flat = Flat(config, _twins.Device, _twins.Type);
        using var apart = new ParameterSet(config, _twins.Device, _twins.Type, flat: false);
        apart.Draw(seed: 5);
        using Transformer one = new(flat), two = new(apart);
        using var quiet = no_grad();
        var ids = arange(0, 32, dtype: int64, device: _twins.Device).view(2, 16);
        Twins.Agree("logits", two.Forward(ids).cpu().to(float64), one.Forward(ids), 2 * _twins.OneRounding);
    }

    /// <summary>Small random weights, laid flat.</summary>
    private static ParameterSet Flat(ModelConfig config, Device device, ScalarType compute)
    {
        var parameters = new ParameterSet(config, device, compute, flat: true);
        using var quiet = no_grad();
        parameters.Draw(seed: 5);
        return parameters;
    }
}
