using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Fused;

/// <summary>Weights in one piece of memory are the model's tensors, each number once; and are updated as they would be apart.</summary>
public sealed class FlatLayoutTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 30)];

    [Theory, MemberData(nameof(Seeds))]
    public void Every_tensor_has_numbers_of_its_own_and_every_number_one_segment(int seed)
    {
        var config = RandomCase.Draw(seed).Config;
        using var flat = new FlatWeights(config, CPU, ScalarType.Float32, ScalarType.Float32);
        var (owners, segments) = (zeros(flat.Layout.Count), zeros(flat.Layout.Count));
        foreach (var spec in TensorLayout.Of(config))
        {
            var view = flat.View(owners, spec);
            Assert.Equal(spec.Shape, view.shape);
            view.add_(Ops.One, Ops.One);
        }

        foreach (var segment in flat.Layout.Segments)
            segments.narrow(0, segment.Offset, segment.Count).add_(Ops.One, Ops.One);

        Assert.Equal(TensorLayout.Parameters(config), (long)owners.sum().item<float>());
        Assert.Equal(1, owners.max().item<float>());
        Assert.Equal(owners.data<float>().ToArray(), segments.data<float>().ToArray());
    }

    [Theory]
    [InlineData("dense", FrozenParts.None)]
    [InlineData("BAM, KV experts", FrozenParts.Experts)]
    [InlineData("BAM, KV sharing", FrozenParts.AllButRouters)]
    [InlineData("BTX", FrozenParts.None)]
    public void Flat_weights_are_updated_like_tensors_apart(string shape, FrozenParts late)
    {
        var spec = new TrainSpec { WeightDecay = 0.3, Beta1 = 0.8, Beta2 = 0.9, ClipNorm = 0.5 };
        var freeze = new Freeze(late, 2);
        using var apart = new ParameterSet(Shapes.All[shape], CPU, ScalarType.Float32, flat: false);
        using var flat = new ParameterSet(Shapes.All[shape], CPU, ScalarType.Float32, flat: true);
        apart.Draw(seed: 1);
        flat.Draw(seed: 1);
        using AdamW one = new(apart, spec, freeze), two = new(flat, spec, freeze);
        var layout = flat.Flat!.Layout;
        for (var step = 0; step < 5; step++)
        {
            var frozen = freeze.At(step);
            var gradients = randn(layout.Count, dtype: float32).mul(0.1f.ToScalar());
            foreach (var (tensor, working) in apart.Specs.Zip(apart.Working).Where(row => !row.First.IsFrozen(frozen)))
                working.grad = flat.Flat.View(gradients, tensor).contiguous().clone();   // it is clipped in place
            var expected = one.Step(1e-2, ones([]), frozen);
            two.SetRate(1e-2);
            two.Update(
                frozen, new PlainKernels(),
                [.. layout.Pieces.Select(piece => (Tensor?)gradients.narrow(0, piece.Offset, piece.Count).view(piece.Groups * piece.Rows, piece.Columns))],
                ones(1));
            Assert.Equal(expected.item<float>(), two.AskNorm().item<float>(), 1e-4);
        }

        foreach (var (i, tensor) in flat.Specs.Index())
        {
            foreach (var (a, b) in new[]
            {
                (apart.Masters[i], flat.Masters[i]), (one.FirstMoments[i], two.FirstMoments[i]), (one.SecondMoments[i], two.SecondMoments[i]),
            })
                Assert.True(a.allclose(b, rtol: 1e-4, atol: 1e-6), tensor.Name);
        }
    }
}
