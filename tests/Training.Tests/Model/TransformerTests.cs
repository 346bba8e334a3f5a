using Bam.Training.Model;
using Bam.Training.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Model;

public sealed class TransformerTests
{
    private const int Time = 11;

    [Theory, MemberData(nameof(Shapes.Names), MemberType = typeof(Shapes))]
    public void The_fast_model_has_the_logits_of_the_slow_one(string shape)
    {
        using var scope = NewDisposeScope();
        using var parameters = Distinct(Shapes.All[shape]);
        using var model = new Transformer(parameters);
        var ids = Ids(2, seed: 1);

        var fast = Logits(model, ids);

        var slow = new SlowModel(parameters);
        for (var row = 0; row < 2; row++)
            AssertClose(slow.Logits(ids[row]).SelectMany(values => values), fast[row], 2e-4);
    }

    [Theory, MemberData(nameof(Shapes.Names), MemberType = typeof(Shapes))]
    public void A_token_changes_no_logits_before_it(string shape)
    {
        using var scope = NewDisposeScope();
        using var parameters = Distinct(Shapes.All[shape]);
        using var model = new Transformer(parameters);
        var ids = Ids(1, seed: 2)[0];
        var changed = (long[])ids.Clone();
        changed[7] = (changed[7] + 1) % parameters.Config.Vocab;

        var (before, after) = (Logits(model, [ids])[0], Logits(model, [changed])[0]);

        var vocab = parameters.Config.Vocab;
        // Equal but for rounding: another split of the tokens over experts may sum a product in another order.
        AssertClose(before[..(7 * vocab)].Select(value => (double)value), after[..(7 * vocab)], 1e-5);
        Assert.NotEqual(before[(7 * vocab)..], after[(7 * vocab)..]);
    }

    [Theory, MemberData(nameof(Shapes.Names), MemberType = typeof(Shapes))]
    public void Gradients_are_those_of_finite_differences(string shape)
    {
        using var scope = NewDisposeScope();
        using var parameters = Distinct(Shapes.All[shape]);
        using var model = new Transformer(parameters);
        var (inputs, targets) = (tensor(Ids(1, 3)[0], [1, Time]), tensor(Ids(1, 4)[0], [1, Time]));
        double Loss() => model.Loss(inputs, targets, new LossWeights(0, 0)).Nll.item<float>();
        model.Loss(inputs, targets, new LossWeights(0, 0)).Total.backward();

        foreach (var (spec, weight) in parameters.Specs.Zip(parameters.Masters))
        {
            // Along the gradient itself the loss changes by its squared norm: one number checks a whole tensor.
            var gradient = weight.grad!;
            var norm = gradient.norm().item<float>();
            if (norm < 1e-6)
            {
                // The gate of a single expert is always 1.
                Assert.Equal(1, parameters.Config.Experts);
                continue;
            }

            var before = weight.detach().clone();
            var step = 0.0005f / norm;                                           // small: the loss jumps where a token changes its expert
            using var quiet = no_grad();
            weight.add_(gradient, (Scalar)step);
            var up = Loss();
            weight.copy_(before);
            weight.add_(gradient, (Scalar)(-step));
            var down = Loss();
            weight.copy_(before);
            Assert.True(Math.Abs((up - down) / (2 * step) / (norm * norm) - 1) < 0.08, $"{spec.Name}: {(up - down) / (2 * step)} against {norm * norm}");
        }
    }

    [Fact]
    public void The_balance_loss_of_even_routers_is_one_a_layer_and_z_is_the_squared_log_of_the_experts()
    {
        using var scope = NewDisposeScope();
        using var parameters = Distinct(Shapes.All["BAM, KV experts"]);
        using (no_grad())
        {
            foreach (var (spec, weight) in parameters.Specs.Zip(parameters.Masters).Where(pair => pair.First.Group == TensorGroup.FfnRouter))
                weight.zero_();
        }

        using var model = new Transformer(parameters);
        var ids = tensor(Ids(1, 5)[0], [1, Time]);

        var loss = model.Loss(ids, ids, new LossWeights(0, 0));

        Assert.Equal(parameters.Config.Layers, loss.Balance!.item<float>(), 1e-5);
        Assert.Equal(parameters.Config.Layers * Math.Pow(Math.Log(3), 2), loss.Z!.item<float>(), 1e-5);
    }

    [Theory]
    [InlineData("BAM, KV experts")]
    [InlineData("BTX")]
    [InlineData("dense")]
    public void Bfloat16_arithmetic_stays_close_to_float32(string shape)
    {
        using var scope = NewDisposeScope();
        using var wide = Distinct(Shapes.All[shape]);
        using var narrow = Distinct(Shapes.All[shape], ScalarType.BFloat16);
        using var wideModel = new Transformer(wide);
        using var narrowModel = new Transformer(narrow);
        var ids = tensor(Ids(4, 6).SelectMany(row => row).ToArray(), [4, Time]);
        using var quiet = no_grad();

        var (expected, found) = (wideModel.TokenLosses(ids, ids).mean().item<float>(), narrowModel.TokenLosses(ids, ids).mean().item<float>());

        Assert.Equal(expected, found, 0.02);
    }

    /// <summary>Weights large enough that every part matters, norms that are not all one.</summary>
    internal static ParameterSet Distinct(ModelConfig config, ScalarType compute = ScalarType.Float32)
    {
        var parameters = new ParameterSet(config, CPU, compute);
        parameters.Load((spec, values) =>
        {
            GaussianSource.Fill(values, 7, spec.Name, spec.Group == TensorGroup.Norm ? 0.3 : 0.25);
            if (spec.Group == TensorGroup.Norm)
            {
                for (var i = 0; i < values.Length; i++)
                    values[i] += 1;
            }
        });
        return parameters;
    }

    internal static long[][] Ids(int rows, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, Time).Select(_ => (long)random.Next(Shapes.Dense.Vocab)).ToArray())];
    }

    internal static float[][] Logits(Transformer model, long[][] ids)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var logits = model.Forward(tensor(ids.SelectMany(row => row).ToArray(), [ids.Length, ids[0].Length]));
        return [.. Enumerable.Range(0, ids.Length).Select(row => logits[row].contiguous().data<float>().ToArray())];
    }

    internal static void AssertClose(IEnumerable<double> expected, IReadOnlyList<float> found, double tolerance)
    {
        var worst = expected.Zip(found, (a, b) => Math.Abs(a - b) / (1 + Math.Abs(a))).Max();
        Assert.True(worst < tolerance, $"differs by {worst}");
    }
}
