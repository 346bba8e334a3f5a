using Bam.Contracts.Runs;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Tests.Mixing;
using Bam.Training.Tests.Model;
using static Bam.Training.Tests.Paper.Float64Models;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Paper;

/// <summary>S1, S2 and S6: what a block and its routers are (docs/paper.md). S3 and S4 are with the mixer, S5 in PaperNumbersTests.</summary>
public sealed class StructureTests : IDisposable
{
    private readonly Float64Models _models = new();

    public static TheoryData<string> Kinds => KindNames;

    public void Dispose() => _models.Dispose();

    [Theory, MemberData(nameof(Kinds))]
    public void S1_a_block_adds_attention_and_ffn_of_one_and_the_same_normalised_input(string kind)
    {
        var parameters = _models.Random(Shapes.Mixture(Kind(kind)));
        var (model, slow) = (_models.Model(parameters), new SlowModel(parameters));
        var x = Input(parameters.Config);
        using var quiet = no_grad();
        var n = nn.functional.layer_norm(x, [Shapes.Dense.Width], parameters["blocks.1.norm.weight"], eps: Shapes.Dense.NormEps);

        var y = model.Advance(1, x, model.Normalise(1, x), _models.Pass(parameters.Config, (int)x.size(1)));

        AssertClose(n, model.Normalise(1, x), 1e-14);
        AssertClose((x + slow.Attention(1, n[0]) + slow.FeedForward(1, n[0])), y, 1e-14);
    }

    [Fact]
    public void S1_the_ffn_does_not_see_what_attention_says()
    {
        var (parameters, x) = (_models.Random(Shapes.Mixture(KvExperts)), Input(Shapes.Dense));
        var model = _models.Model(parameters);
        using var quiet = no_grad();
        Tensor Block() => model.Advance(0, x, model.Normalise(0, x), _models.Pass(parameters.Config, (int)x.size(1)));
        Tensor Without(string name)
        {
            using var kept = parameters[name].clone();
            parameters[name].zero_();
            var y = Block();
            parameters[name].copy_(kept);
            return y;
        }

        // In a sequential block the two halves would not add up.
        AssertClose(Without("blocks.0.attention.experts.o") + Without("blocks.0.ffn.experts.down") - x, Block(), 1e-14);
    }

    [Fact]
    public void S1_both_routers_read_the_normalised_input()
    {
        // An RMS norm makes √D · e_0 of every multiple of e_0: the routers' logits then are their first column times √D times the norm's
        // weight, whatever the token. Of the input itself they would follow the token's size.
        double[] first = [0.3, -0.2, 0.5];
        var config = Shapes.Mixture(KvExperts) with { Layers = 1, Norm = NormKind.RmsNorm, NormEps = 1e-30 };
        var parameters = _models.Random(config);
        using var quiet = no_grad();
        parameters["embed.weight"].zero_().select(1, 0).copy_(arange(1, config.Vocab + 1).to(float64));
        parameters["blocks.0.norm.weight"].fill_(0.25);
        EachRouter(parameters, (_, router) => router.select(1, 0).copy_(tensor(first)));
        var logits = first.Select(value => value * Math.Sqrt(config.Width) * 0.25).ToArray();
        var gates = logits.Select(value => Math.Exp(value) / logits.Sum(Math.Exp)).ToArray();

        foreach (var token in new long[] { 0, 1, 40 })
        {
            var (model, ids, trace) = (_models.Model(parameters), Tokens([[token, token, token]]), new RoutingTrace());
            var loss = model.Loss(ids, ids, new LossWeights(0, 0), model.Pass(ids) with { Trace = trace });

            AssertClose(tensor(gates), trace.AttentionShares[0], 1e-14);
            Assert.Equal(gates.Max(), trace.FfnWeights[0].item<double>(), 1e-14);
            Assert.Equal(Math.Pow(Math.Log(logits.Sum(Math.Exp)), 2), loss.Z!.item<double>(), 1e-14);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void S1_a_block_has_one_norm_and_nothing_has_a_bias(string kind)
    {
        var config = Shapes.Mixture(Kind(kind));
        string[] names = [.. TensorLayout.Of(config).Select(tensor => tensor.Name)];

        Assert.Equal(
            ["blocks.0.norm.weight", "blocks.1.norm.weight", "norm.weight"],
            names.Where(name => name.Contains("norm", StringComparison.Ordinal)));
        Assert.DoesNotContain(names, name => name.Contains("bias", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Float64Models.KvModes), MemberType = typeof(Float64Models))]
    public void S2_every_attention_expert_speaks_with_a_gate_above_zero_and_the_gates_sum_to_one(KvMode kv)
    {
        var parameters = _models.Random(Shapes.Mixture(KvExperts with { Kv = kv }));
        var n = Input(parameters.Config);
        for (var t = 0; t < n.size(1); t++)
        {
            var one = n.narrow(1, t, 1);                                       // of one token the mean gates are its gates
            var trace = new RoutingTrace();
            using var quiet = no_grad();
            new AttentionMixture(parameters.Config, parameters, 0).Forward(one, _models.Pass(parameters.Config, 1) with { Trace = trace });

            var gates = trace.AttentionShares[0].data<double>().ToArray();
            var powers = parameters["blocks.0.attention.router.weight"].matmul(one[0][0]).exp();
            Assert.All(gates, gate => Assert.True(gate > 0));
            Assert.Equal(1, gates.Sum(), 1e-14);
            AssertClose(powers / powers.sum(), trace.AttentionShares[0], 1e-14);
        }
    }

    [Fact]
    public void S2_a_token_uses_one_ffn_expert_times_its_largest_gate_of_the_softmax_over_all()
    {
        var parameters = _models.Random(Shapes.Mixture(KvExperts));
        var n = Input(parameters.Config);
        var used = new HashSet<long>();
        for (var t = 0; t < n.size(1); t++)
        {
            var one = n.narrow(1, t, 1);
            var trace = new RoutingTrace();
            using var quiet = no_grad();
            var y = new FeedForwardMixture(parameters.Config, parameters, 0).Forward(one, _models.Pass(parameters.Config, 1) with { Trace = trace });

            var x = one[0][0];
            var powers = parameters["blocks.0.ffn.router.weight"].matmul(x).exp();
            var (expert, largest) = (powers.argmax().item<long>(), (powers / powers.sum()).max());
            Tensor Weight(string part) => parameters[$"blocks.0.ffn.experts.{part}"][expert];
            var gate = Weight("gate").matmul(x);
            AssertClose(largest * Weight("down").matmul(gate * gate.sigmoid() * Weight("up").matmul(x)), y[0][0], 1e-14);
            Assert.Equal(largest.item<double>(), trace.FfnWeights[0].item<double>(), 1e-14);
            Assert.True(largest.item<double>() is > 1.0 / 3 and < 1);
            Assert.Equal([.. Enumerable.Range(0, 3).Select(i => i == expert ? 1.0 : 0)], trace.FfnShares[0].data<double>().ToArray());
            used.Add(expert);
        }

        Assert.Equal(3, used.Count);
    }

    [Fact]
    public void S2_soft_attention_and_ffn_top_1_that_is_not_renormalised_are_the_defaults()
    {
        var spec = new MixtureSpec { Name = "m", Steps = 1, Experts = ["a", "b"] };
        var config = Shapes.Dense.Mixture(spec);

        Assert.Equal((AttentionMode.Soft, KvMode.Experts, 1, false, false, false),
            (spec.Attention, spec.Kv, spec.FfnTopK, spec.FfnRenormalise, spec.AttentionRenormalise, spec.RescaleFfn));
        Assert.Equal((AttentionMode.Soft, KvMode.Experts, 1, false, false),
            (config.Attention, config.Kv, config.FfnTopK, config.FfnRenormalise, config.AttentionRenormalise));
    }

    [Fact]
    public void S6_a_block_has_two_routers_without_bias_and_their_numbers_have_the_stated_deviation()
    {
        var wide = Shapes.Dense with { Width = 512, Heads = 8, KvHeads = 4, Ffn = 4 };
        MixSource[] sources = [.. new[] { "a", "b", "c", "d" }.Select(name => _models.Published.Publish(name, wide))];
        foreach (var std in new[] { 0.02, 0.5 })
        {
            var values = new List<float>();
            foreach (var seed in Enumerable.Range(0, 5))
            {
                var mixture = _models.Published.Mix(sources, KvExperts with { RouterStd = std }, seed);
                foreach (var block in new[] { "blocks.0", "blocks.1" })
                {
                    TensorSpec[] routers =
                    [
                        .. TensorLayout.Of(mixture.Config).Where(tensor => tensor.Name.StartsWith(block, StringComparison.Ordinal))
                            .Where(tensor => tensor.Name.Contains("router", StringComparison.Ordinal)),
                    ];
                    Assert.Equal([$"{block}.attention.router.weight", $"{block}.ffn.router.weight"], routers.Select(tensor => tensor.Name));
                    Assert.All(routers, tensor => Assert.Equal([4, 512], tensor.Shape));
                    values.AddRange(routers.SelectMany(tensor => DenseModels.Read(mixture, tensor.Name)));
                }
            }

            Assert.Equal(20 * 4 * 512, values.Distinct().Count(), 20.0);       // all their own, but for chance
            Assert.Equal(0, values.Average(value => (double)value), 0.02 * std);
            Assert.Equal(std, Math.Sqrt(values.Average(value => (double)value * value)), 0.02 * std);
        }
    }

    [Fact]
    public void S6_routers_of_zeros_send_every_token_to_expert_0()
    {
        var parameters = _models.Random(Shapes.Mixture(KvExperts));
        EachRouter(parameters, (_, router) => router.zero_());
        var (trace, model, ids) = (new RoutingTrace(), _models.Model(parameters), Tokens(_models.Ids));
        using var quiet = no_grad();

        model.Forward(ids, model.Pass(ids) with { Trace = trace });

        Assert.All(trace.FfnShares, shares => Assert.Equal([1, 0, 0], shares.data<double>().ToArray()));
    }
}
