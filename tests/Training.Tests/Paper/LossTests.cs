using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Tests.Model;
using Bam.Training.Tests.Optimization;
using static Bam.Training.Tests.Paper.Float64Models;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Paper;

/// <summary>G1 and G2: the routers' auxiliary losses, from gates that are given (docs/paper.md).</summary>
public sealed class LossTests : IDisposable
{
    private readonly Float64Models _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void G1_even_gates_give_a_balance_loss_of_one_whatever_the_assignment(int topK)
    {
        double[] even = [0, 0, 0, 0];

        Assert.Equal(1, Losses([even, even, even], topK).Balance, 1e-14);

        // A trace of preference decides where the tokens go, and so f, but not the loss.
        double[] first = [1e-12, 0, 0, 0], third = [0, 0, 1e-12, 0];
        Assert.Equal([1, 0, 0, 0], Losses([first, first, first], 1).Shares);
        Assert.Equal([0.5, 0, 0.5, 0], Losses([first, third], 1).Shares);
        Assert.Equal(1, Losses([first, first, first], topK).Balance, 1e-11);
        Assert.Equal(1, Losses([first, third], topK).Balance, 1e-11);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(7)]
    public void G1_full_collapse_gives_a_balance_loss_of_n(int experts)
    {
        double[] third = [.. Enumerable.Range(0, experts).Select(i => i == 1 ? 60.0 : 0)];

        Assert.Equal(experts, Losses([third, third, third], topK: 1).Balance, 1e-13);
    }

    [Fact]
    public void G1_it_can_go_below_one()
    {
        double[] nearlyEven = [Math.Log(0.51), Math.Log(0.49)], second = [-80, 0];
        var tokens = Enumerable.Repeat(nearlyEven, 6).Concat(Enumerable.Repeat(second, 4)).ToArray();

        var found = Losses(tokens, topK: 1);

        // f = (6, 4)/10, P = (6 · 0.51, 6 · 0.49 + 4)/10.
        Assert.Equal([0.6, 0.4], found.Shares);
        Assert.Equal(2 * (0.6 * 0.306 + 0.4 * 0.694), found.Balance, 1e-14);
        Assert.Equal(0.9224, found.Balance, 1e-14);
    }

    [Fact]
    public void G1_the_mean_gate_is_taken_over_the_full_softmax_and_not_over_the_chosen()
    {
        double[] one = [Math.Log(0.7), Math.Log(0.2), Math.Log(0.1)], two = [Math.Log(0.3), Math.Log(0.6), Math.Log(0.1)];

        // f = (1, 1, 0)/2, P = (0.5, 0.4, 0.1): 3 · (0.25 + 0.2). Over the chosen gates alone P would be (0.35, 0.3, 0).
        Assert.Equal(3 * 0.45, Losses([one, two], topK: 1).Balance, 1e-14);
        // Top-2: f = (1, 1, 0)/2 once more, of all assignments.
        Assert.Equal(3 * 0.45, Losses([one, two], topK: 2).Balance, 1e-14);
    }

    [Fact]
    public void G1_layers_are_summed_one_by_one_and_attention_routers_have_no_part_in_it()
    {
        var mixture = _models.Random(Shapes.Mixture(KvExperts, experts: 3) with { Layers = 3 });
        EachTensor(mixture, spec => spec.Group == TensorGroup.FfnRouter, (_, router) => router.zero_());
        var (model, ids) = (_models.Model(mixture), Tokens(_models.Ids));
        using var quiet = no_grad();

        var even = model.Loss(ids, ids, new LossWeights(0, 0));
        EachTensor(mixture, spec => spec.Group == TensorGroup.AttentionRouter, (_, router) => router.mul_(50));
        var steep = model.Loss(ids, ids, new LossWeights(0, 0));

        Assert.Equal(3, even.Balance!.item<double>(), 1e-13);
        Assert.Equal(3, steep.Balance!.item<double>(), 1e-13);
        Assert.Equal(3 * Math.Pow(Math.Log(3), 2), steep.Z!.item<double>(), 1e-13);
        AssertDiffers(even.Nll, steep.Nll, 1e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.5)]
    [InlineData(-3)]
    public void G2_even_logits_of_c_give_a_z_loss_of_the_squared_log_of_n_plus_c(double shift)
    {
        double[] token = [shift, shift, shift, shift];

        var found = Losses([token, token], topK: 1).Z;

        Assert.Equal(Math.Pow(Math.Log(4) + shift, 2), found, 1e-13);
        if (shift == 0)
            Assert.Equal(1.921812, found, 1e-6);
    }

    [Fact]
    public void G2_alpha_and_beta_are_arguments_and_the_reported_nll_has_neither_loss_in_it()
    {
        var mixture = _models.Random(Shapes.Mixture(KvExperts));
        var (model, ids, targets) = (_models.Model(mixture), Tokens(_models.Ids), Tokens(TransformerTests.Ids(2, seed: 10)));
        using var quiet = no_grad();

        var plain = model.Loss(ids, targets, new LossWeights(0, 0));
        var loss = model.Loss(ids, targets, new LossWeights(0.3, 0.07));

        AssertSame(plain.Nll, loss.Nll);
        AssertSame(plain.Nll, plain.Total);
        AssertClose(model.TokenLosses(ids, targets).mean(), loss.Nll, 1e-14);
        AssertClose(loss.Nll + 0.3 * loss.Balance! + 0.07 * loss.Z!, loss.Total, 1e-14);
        Assert.True(loss.Z!.item<double>() > 0.1 && loss.Balance!.item<double>() > 0.1);
    }

    [Fact]
    public void G2_a_steps_reading_reports_the_nll_alone()
    {
        using var scope = NewDisposeScope();
        using var parameters = TransformerTests.Distinct(Shapes.Mixture(KvExperts));
        using var model = new Transformer(parameters);
        var spec = new TrainSpec { Batch = 2, LoadBalance = 10, RouterZ = 10 };
        using var optimizer = new AdamW(parameters, spec);
        var batches = new RandomBatches(Shapes.Dense.Vocab);
        long[] inputs = new long[2 * Shapes.Dense.Context], targets = new long[inputs.Length];
        batches.Fill(0, inputs, targets);
        float expected;
        using (no_grad())
            expected = model.TokenLosses(tensor(inputs, [2, Shapes.Dense.Context]), tensor(targets, [2, Shapes.Dense.Context])).mean().item<float>();

        var reading = new Trainer(model, optimizer, batches, spec, steps: 5).Advance(read: true)!;

        Assert.Equal(expected, reading.Loss, 1e-5);
        Assert.True(reading.Balance > 0.5 && reading.Z > 0.1);
    }

    /// <summary>Losses of one layer whose router gives each token the logits that are asked for.</summary>
    private (double Balance, double Z, double[] Shares) Losses(double[][] logits, int topK)
    {
        // Token t is the unit vector t, and column t of the router its logits.
        int tokens = logits.Length, experts = logits[0].Length;
        var spec = KvExperts with { FfnTopK = topK };
        var config = Shapes.Mixture(spec, experts) with { Layers = 1, Width = tokens, Heads = 1, KvHeads = 1, Ffn = 3, Context = tokens };
        var parameters = _models.Random(config);
        EachTensor(parameters, tensor => tensor.Group == TensorGroup.FfnRouter, (_, router) =>
            router.copy_(stack(logits.Select(values => tensor(values)), 1)));
        var (losses, trace) = (new RouterLosses(), new RoutingTrace());
        using var quiet = no_grad();
        var pass = new ForwardPass(1, tokens, null!) { Losses = losses, Trace = trace };                     // an FFN asks for no positions
        new FeedForwardMixture(config, parameters, 0).Forward(eye(tokens, tokens, float64).unsqueeze(0), pass);
        return (losses.Balance!.item<double>(), losses.Z!.item<double>(), trace.FfnShares[0].data<double>().ToArray());
    }
}
