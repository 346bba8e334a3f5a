using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Randomness;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Optimization;

public sealed class AdamWTests : IDisposable
{
    private const double Rate = 3e-3;

    private static readonly TrainSpec Spec = new() { WeightDecay = 0.3, Beta1 = 0.8, Beta2 = 0.9 };

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData(1e9)]
    [InlineData(0.5)]
    public void Its_steps_are_those_of_the_textbook_with_the_norm_above_or_below_the_limit(double clipNorm)
    {
        using var parameters = TransformerTests.Distinct(Shapes.Dense);
        using var optimizer = new AdamW(parameters, Spec with { ClipNorm = clipNorm });
        var textbook = new TextbookAdamW(parameters, Spec with { ClipNorm = clipNorm });

        for (var step = 1; step <= 6; step++)
        {
            var gradients = Gradients(parameters, step);
            var norm = optimizer.Step(Rate, tensor(2f));

            Assert.Equal(textbook.Step(gradients, Rate), norm.item<float>(), 1e-4);
        }

        foreach (var (spec, weight, expected) in parameters.Specs.Zip(parameters.Masters, textbook.Weights))
            Assert.All(
                Values(weight).Zip(expected), pair => Assert.True(Math.Abs(pair.First - pair.Second) < 2e-6, $"{spec.Name}: {pair}"));
        Assert.Equal(6, optimizer.Steps.item<float>());
        Assert.Equal(0, optimizer.Skipped);
    }

    [Theory]
    [InlineData(float.NaN, 2)]
    [InlineData(float.PositiveInfinity, 2)]
    [InlineData(1, float.NaN)]
    [InlineData(1, float.NegativeInfinity)]
    public void A_gradient_or_loss_that_is_not_finite_halts_every_update_until_a_reset(float gradient, float loss)
    {
        using var parameters = TransformerTests.Distinct(Shapes.Dense);
        using var optimizer = new AdamW(parameters, Spec);
        Gradients(parameters, seed: 1);
        optimizer.Step(Rate, tensor(2f));
        var before = State(parameters, optimizer);
        Assert.False(optimizer.IsHalted);

        Gradients(parameters, seed: 2);
        parameters.Working[3].grad!.flatten()[5].fill_(gradient);
        optimizer.Step(Rate, tensor(loss));
        Gradients(parameters, seed: 3);
        optimizer.Step(Rate, tensor(2f));

        Assert.Equal(before, State(parameters, optimizer));
        Assert.True(optimizer.IsHalted);
        Assert.Equal(2, optimizer.Skipped);

        optimizer.Reset();
        Assert.Equal((false, 0, 0f), (optimizer.IsHalted, optimizer.Skipped, optimizer.Steps.item<float>()));
        Gradients(parameters, seed: 3);
        optimizer.Step(Rate, tensor(2f));
        Assert.Equal(1, optimizer.Steps.item<float>());
        Assert.NotEqual(before, State(parameters, optimizer));
        Assert.All(State(parameters, optimizer), value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void A_step_frees_the_gradients()
    {
        using var parameters = TransformerTests.Distinct(Shapes.Dense);
        using var optimizer = new AdamW(parameters, Spec);
        Gradients(parameters, seed: 1);

        optimizer.Step(Rate, tensor(2f));

        Assert.All(parameters.Working, tensor => Assert.Null(tensor.grad));
    }

    [Fact]
    public void Bfloat16_copies_follow_their_float32_masters()
    {
        using var parameters = TransformerTests.Distinct(Shapes.Dense, ScalarType.BFloat16);
        using var optimizer = new AdamW(parameters, Spec);
        var before = parameters.Masters.Select(Values).ToArray();
        Gradients(parameters, seed: 1);

        optimizer.Step(Rate, tensor(2f));

        foreach (var (master, working, old) in parameters.Masters.Zip(parameters.Working, before))
        {
            Assert.Equal(ScalarType.BFloat16, working.dtype);
            Assert.Equal(Values(master.to(ScalarType.BFloat16)), Values(working));
            Assert.NotEqual(old, Values(master));
        }
    }

    [Fact]
    public void A_missing_gradient_names_its_tensor()
    {
        using var parameters = TransformerTests.Distinct(Shapes.Dense);
        using var optimizer = new AdamW(parameters, Spec);

        var failure = Assert.Throws<InvalidOperationException>(() => optimizer.Step(Rate, tensor(2f)));

        Assert.Contains("embed.weight", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>Gives every working tensor a gradient, and returns them.</summary>
    private static double[][] Gradients(ParameterSet parameters, int seed)
    {
        var gradients = new double[parameters.Specs.Count][];
        for (var i = 0; i < gradients.Length; i++)
        {
            var values = new float[parameters.Specs[i].Count];
            GaussianSource.Fill(values, seed, parameters.Specs[i].Name, 0.1);
            gradients[i] = [.. values.Select(value => (double)value)];
            parameters.Working[i].grad = tensor(values, [.. parameters.Specs[i].Shape]).to(parameters.Compute);
        }

        return gradients;
    }

    private static float[] State(ParameterSet parameters, AdamW optimizer) =>
        [.. parameters.Masters.Concat(optimizer.FirstMoments).Concat(optimizer.SecondMoments).Append(optimizer.Steps).SelectMany(Values)];

    private static float[] Values(Tensor tensor) => tensor.detach().to(float32).contiguous().data<float>().ToArray();

    /// <summary>The formulas of arXiv 1711.05101 in double, number by number.</summary>
    private sealed class TextbookAdamW(ParameterSet parameters, TrainSpec spec)
    {
        private readonly double[][] _first = [.. parameters.Specs.Select(tensor => new double[tensor.Count])];
        private readonly double[][] _second = [.. parameters.Specs.Select(tensor => new double[tensor.Count])];
        private int _step;

        public double[][] Weights { get; } =
            [.. parameters.Masters.Select(tensor => Values(tensor).Select(value => (double)value).ToArray())];

        public double Step(double[][] gradients, double rate)
        {
            _step++;
            var norm = Math.Sqrt(gradients.Sum(values => values.Sum(value => value * value)));
            var clip = norm > spec.ClipNorm ? spec.ClipNorm / norm : 1;
            for (var i = 0; i < gradients.Length; i++)
            {
                var decay = parameters.Specs[i].Shape.Count > 1 ? spec.WeightDecay : 0;
                for (var j = 0; j < gradients[i].Length; j++)
                {
                    var g = clip * gradients[i][j];
                    ref double m = ref _first[i][j], v = ref _second[i][j];
                    m = spec.Beta1 * m + (1 - spec.Beta1) * g;
                    v = spec.Beta2 * v + (1 - spec.Beta2) * g * g;
                    var (unbiasedM, unbiasedV) = (m / (1 - Math.Pow(spec.Beta1, _step)), v / (1 - Math.Pow(spec.Beta2, _step)));
                    Weights[i][j] -= rate * (unbiasedM / (Math.Sqrt(unbiasedV) + 1e-8) + decay * Weights[i][j]);
                }
            }

            return norm;
        }
    }
}
