using System.Runtime.InteropServices;
using Bam.Training.Data;
using Bam.Training.Evaluation;
using Bam.Training.Model;
using Bam.Training.Randomness;
using Bam.Training.Tests.Model;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Evaluation;

public sealed class EnsembleMeterTests : IDisposable
{
    private const int Tokens = 75;

    private readonly TemporaryFolder _folder = new();
    private readonly TokenFile _file;
    private readonly long[] _ids;

    public EnsembleMeterTests()
    {
        var random = new Random(4);
        _ids = [.. Enumerable.Range(0, Tokens).Select(_ => (long)random.Next(Shapes.Dense.Vocab))];
        File.WriteAllBytes(_folder.At("tokens.bin"), MemoryMarshal.AsBytes<ushort>([.. _ids.Select(id => (ushort)id)]).ToArray());
        _file = new TokenFile(_folder.At("tokens.bin"), sizeof(ushort), new SplitFacts(Documents: 3, Tokens, 250, 0));
    }

    public void Dispose()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(6, 0)]
    [InlineData(0, 40)]
    public void Every_token_is_predicted_by_the_posterior_mean_of_the_models(int stride, int limit)
    {
        using var scope = NewDisposeScope();
        ParameterSet[] models = [Model("a"), Model("b"), Model("c")];
        var meter = new EnsembleMeter(_file, Shapes.Dense.Context, stride, limit);
        foreach (var parameters in models)
        {
            using var model = new Transformer(parameters);
            meter.Add(model, batch: 3, cancellation: TestContext.Current.CancellationToken);
        }

        var found = meter.Result();

        var counted = limit == 0 ? Tokens - 1 : limit;
        Assert.Equal(counted, found.Tokens);
        Assert.Equal(SlowNll(models, counted, stride == 0 ? Shapes.Dense.Context : stride), found.Nll, 2e-5);
        Assert.Equal(stride == 0 ? Shapes.Dense.Context : stride, found.Stride);
    }

    [Fact]
    public void An_ensemble_of_one_model_is_that_model_and_so_is_one_of_twins()
    {
        using var scope = NewDisposeScope();
        using var model = new Transformer(Model("a"));
        var alone = PerplexityMeter.Measure(model, _file, cancellation: TestContext.Current.CancellationToken);
        var twins = new EnsembleMeter(_file, Shapes.Dense.Context);

        twins.Add(model, 4, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(alone.Nll, twins.Result().Nll, 1e-6);
        twins.Add(model, 2, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(alone.Nll, twins.Result().Nll, 1e-6);
    }

    [Fact]
    public void A_model_that_has_been_much_better_so_far_has_all_the_weight()
    {
        double[] good = [.. Enumerable.Repeat(0.1, 30)], bad = [.. Enumerable.Repeat(5.0, 30)];

        Assert.Equal(0.1 * 20, EnsembleMeter.Window([bad, good], first: 10), 1e-6);
        // The first token is predicted by the plain mean of both.
        Assert.Equal(-Math.Log((Math.Exp(-0.1) + Math.Exp(-5)) / 2), EnsembleMeter.Window([bad[..1], good[..1]], first: 0), 1e-12);
    }

    private static ParameterSet Model(string name)
    {
        var parameters = new ParameterSet(Shapes.Dense, CPU);
        parameters.Load((spec, values) =>
        {
            GaussianSource.Fill(values, 7, $"{name}/{spec.Name}", 0.1);
            for (var i = 0; i < values.Length && spec.Group == TensorGroup.Norm; i++)
                values[i] += 1;
        });
        return parameters;
    }

    /// <summary>Token by token: Bayes' rule on probabilities, not on logarithms, with the slow model's predictions.</summary>
    private double SlowNll(ParameterSet[] models, int counted, int stride)
    {
        var sum = 0.0;
        var done = 0;
        for (var start = 0; done < counted; start += stride)
        {
            var length = Math.Min(Shapes.Dense.Context, counted - start);
            var window = _ids[start..(start + length)];
            var probabilities = models.Select(model => Predictions(model, window, _ids[(start + 1)..(start + length + 1)])).ToArray();
            double[] weights = [.. models.Select(_ => 1.0 / models.Length)];
            for (var t = 0; t < length; t++)
            {
                var mixed = weights.Zip(probabilities, (weight, p) => weight * p[t]).Sum();
                if (start + t >= done)
                    sum -= Math.Log(mixed);
                weights = [.. weights.Zip(probabilities, (weight, p) => weight * p[t] / mixed)];
            }

            done = start + length;
        }

        return sum / counted;
    }

    private static double[] Predictions(ParameterSet parameters, long[] ids, long[] targets)
    {
        using var model = new Transformer(parameters);
        var losses = model.TokenLosses(tensor(ids, [1, ids.Length]), tensor(targets, [1, targets.Length]));
        return [.. losses.data<float>().ToArray().Select(loss => Math.Exp(-loss))];
    }
}
