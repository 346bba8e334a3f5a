using Bam.Contracts.Runs;
using Bam.Training.Fused;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Fused;

/// <summary>The step written out by hand against autograd through the model, both in float64.</summary>
public sealed class FusedStepTests : IDisposable
{
    private const double Tolerance = 1e-10;

    private static readonly Scalar Minus = (-1f).ToScalar();

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 48)];

    [Theory, MemberData(nameof(Seeds))]
    public void Its_losses_and_every_gradient_are_those_of_autograd(int seed) => AssertAgree(seed, FrozenParts.None, recompute: seed % 3 == 0);

    [Theory]
    [InlineData(1, FrozenParts.Experts)]
    [InlineData(2, FrozenParts.AllButRouters)]
    [InlineData(7, FrozenParts.Experts)]
    [InlineData(9, FrozenParts.AllButRouters)]
    public void Parts_that_are_frozen_change_no_gradient_of_the_others(int seed, FrozenParts frozen) => AssertAgree(seed, frozen, recompute: false);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_trace_is_that_of_the_model(int seed)
    {
        var drawn = RandomCase.Draw(seed);
        var config = drawn.Config;
        using var flat = Flat(drawn);
        using var model = new Transformer(flat);
        var (ids, targets) = Batch(config, 2, seed);
        using var step = new FusedStep(flat, new PlainKernels(), 2, recompute: true);
        var (expected, found) = (new RoutingTrace(), new RoutingTrace());

        step.Upload(ids, targets);
        step.Run(0.3, 0.07, FrozenParts.None, found);
        using (no_grad())
        {
            var input = tensor(ids, [2, config.Context]);
            model.Forward(input, model.Pass(input) with { Trace = expected });
        }

        AssertClose("trace", expected.Stack(), found.Stack());
    }

    private static void AssertAgree(int seed, FrozenParts frozen, bool recompute)
    {
        var drawn = RandomCase.Draw(seed);
        var config = drawn.Config;
        using var flat = Flat(drawn);
        using var model = new Transformer(flat);
        var batch = 1 + seed % 3;
        var (ids, targets) = Batch(config, batch, seed);
        using var step = new FusedStep(flat, new PlainKernels(), batch, recompute);
        flat.Freeze(frozen);

        var expected = model.Loss(
            tensor(ids, [batch, config.Context]), tensor(targets, [batch, config.Context]), new LossWeights(drawn.Alpha, drawn.Beta));
        expected.Total.backward();
        step.Upload(ids, targets);
        step.Run(drawn.Alpha, drawn.Beta, frozen);
        step.Run(drawn.Alpha, drawn.Beta, frozen);                // the second step finds what the first one left
        var found = step.Loss(routers: true);

        AssertClose("loss", expected.Nll, found.Nll);
        if (expected.Balance is not null)
        {
            AssertClose("balance", expected.Balance, found.Balance!);
            AssertClose("z", expected.Z!, found.Z!);
        }

        foreach (var (spec, working) in flat.Specs.Zip(flat.Working).Where(row => !row.First.IsFrozen(frozen)))
        {
            var piece = flat.Flat!.Layout.Segments.First(segment => Contains(flat.Flat.Layout, segment, spec)).Piece;
            var place = flat.Flat.Layout[spec];
            var gradient = step.Gradients.Pieces[piece]!.view(-1)
                .as_strided(place.Shape, place.Strides, place.Offset - flat.Flat.Layout.Pieces[piece].Offset);
            AssertClose(spec.Name, working.grad!, gradient);
        }
    }

    private static bool Contains(FlatLayout layout, FlatSegment segment, TensorSpec spec) =>
        layout[spec].Offset >= segment.Offset && layout[spec].Offset < segment.Offset + segment.Count;

    private static ParameterSet Flat(RandomCase drawn)
    {
        using var other = drawn.Weights(ScalarType.Float64);
        var flat = new ParameterSet(other.Config, CPU, ScalarType.Float64, flat: true);
        using var quiet = no_grad();
        foreach (var (into, from) in flat.Masters.Zip(other.Masters))
            into.copy_(from);
        return flat;
    }

    /// <summary>Random tokens; some targets do not count.</summary>
    private static (long[] Ids, long[] Targets) Batch(ModelConfig config, int batch, int seed)
    {
        var random = new Random(seed);
        var ids = Enumerable.Range(0, batch * config.Context).Select(_ => (long)random.Next(config.Vocab)).ToArray();
        return (ids, [.. ids.Select(id => random.Next(5) == 0 ? -100 : (id * 3 + 1) % config.Vocab)]);
    }

    private static void AssertClose(string name, Tensor expected, Tensor found)
    {
        var largest = Math.Max(expected.abs().max().to(float64).item<double>(), 1e-6);
        var difference = Ops.AddScaled(expected, found, Minus).abs().max().to(float64).item<double>();
        Assert.True(difference <= Tolerance * largest, $"{name}: {difference / largest:g3} of the largest number");
    }
}
