using Bam.Training.Model;
using Bam.Training.Randomness;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Model;

/// <summary>The fast model against the slow one, in models and batches drawn at random.</summary>
public sealed class TransformerTests
{
    private const int Cases = 60;
    private const int Time = 11;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, Cases)];

    public static TheoryData<int> AThirdOfTheSeeds => [.. Enumerable.Range(0, Cases / 3).Select(i => 3 * i + i % 3)];

    [Theory, MemberData(nameof(Seeds))]
    public void In_float64_logits_losses_and_every_gradient_are_those_of_the_slow_model(int seed) =>
        AssertAgree(RandomCase.Draw(seed), ScalarType.Float64, tolerance: 1e-11);

    [Theory, MemberData(nameof(AThirdOfTheSeeds))]
    public void In_float32_logits_losses_and_every_gradient_are_those_of_the_slow_model(int seed) =>
        AssertAgree(RandomCase.Draw(seed), ScalarType.Float32, tolerance: 2e-5);

    [Fact]
    public void The_random_cases_have_every_option()
    {
        RandomCase[] all = [.. Enumerable.Range(0, Cases).Select(RandomCase.Draw)];
        RandomCase[] mixtures = [.. all.Where(one => one.Config.Experts > 0)];
        RandomCase[] routed = [.. mixtures.Where(one => one.Config.RoutesAttention)];
        RandomCase[] sparse = [.. routed.Where(one => one.Config.AttentionTopK < one.Config.Experts)];
        int Kinds<T>(RandomCase[] cases, Func<RandomCase, T> of) => cases.Select(of).Distinct().Count();

        Assert.Equal(RandomCase.Paddings.Length, Kinds(all, one => one.Padding));
        Assert.Equal(8, Kinds(all, one => (one.Config.Norm, one.Config.RopeInterleaved, one.Config.Tied)));
        Assert.Equal(3, Kinds(all, one => one.Config.Layers));
        Assert.Equal(3, Kinds(all, one => one.Batch.Ids.Length));
        Assert.Equal(10, Kinds(mixtures, one => (one.Config.Attention, one.Config.Kv)));
        Assert.Equal(5, Kinds(mixtures, one => one.Config.Experts));
        Assert.Equal(4, Kinds(mixtures.Where(one => one.Config.FfnTopK < one.Config.Experts).ToArray(), one => one.Config.FfnTopK));
        Assert.Equal(2, Kinds(mixtures.Where(one => one.Config.FfnTopK == one.Config.Experts).ToArray(), one => one.Config.FfnRenormalise));
        Assert.Equal(4, Kinds(sparse, one => (one.Config.Attention, one.Config.AttentionRenormalise)));
        Assert.Equal(4, Kinds(routed, one => (one.Config.Kv, one.Config.Heads == one.Config.KvHeads)));
    }

    [Theory]
    [InlineData("BAM, KV experts")]
    [InlineData("BAM, an FFN of 10")]
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
    internal static ParameterSet Distinct(ModelConfig config, ScalarType compute = ScalarType.Float32, bool flat = false)
    {
        var parameters = new ParameterSet(config, CPU, compute, flat);
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

    private static void AssertAgree(RandomCase one, ScalarType compute, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var parameters = one.Weights(compute);
        using var model = new Transformer(parameters);
        var slow = new SlowModel(parameters);
        var (ids, targets) = (one.Batch.IdTensor(), one.Batch.TargetTensor());
        var pass = one.Batch.Pass(model, ids);

        var fast = model.Loss(ids, targets, new LossWeights(one.Alpha, one.Beta), pass);
        var expected = slow.Loss(one.Batch, one.Alpha, one.Beta);

        void AssertClose(string what, Tensor right, Tensor found, double least = 1e-3)
        {
            // Against the tensor's largest number: rounding is of that size, whatever the number beside it.
            var gap = (found.to(float64) - right).abs().max().item<double>() / Math.Max(right.abs().max().item<double>(), least);
            Assert.True(gap < tolerance, $"{what} differs by {gap} of its largest number\n{one}");
        }

        AssertClose("nll", expected.Nll, fast.Nll);
        AssertClose("total", expected.Total, fast.Total);
        if (one.Config.Experts > 0)
        {
            AssertClose("balance", expected.Balance!, fast.Balance!);
            AssertClose("z", expected.Z!, fast.Z!);
        }

        fast.Total.backward();
        expected.Total.backward();
        // In float32 a gradient that is small because large ones cancel has the rounding of those (it differs from processor to processor).
        var largest = compute == ScalarType.Float32 ? parameters.Specs.Max(spec => slow[spec.Name].grad?.abs().max().item<double>() ?? 0) : 0;
        foreach (var (spec, weight) in parameters.Specs.Zip(parameters.Working))
            AssertClose($"gradient of {spec.Name}", slow[spec.Name].grad ?? zeros_like(slow[spec.Name]), weight.grad ?? zeros_like(weight), Math.Max(1e-3, 0.1 * largest));
        using var quiet = no_grad();
        var logits = model.Forward(ids, pass);
        for (var row = 0; row < one.Batch.Ids.Length; row++)
            AssertClose($"logits of row {row}", slow.Logits(one.Batch.Ids[row], one.Batch.Segments?[row]), logits[row]);
    }
}
