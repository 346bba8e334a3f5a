using Bam.Contracts.Runs;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Randomness;
using Bam.Training.Tests.Model;
using static Bam.Training.Tests.Paper.Float64Models;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Paper;

/// <summary>F6, F8 and F9: one wide attention, uniform gates, and what the mixture reduces to (docs/paper.md).</summary>
public sealed class AttentionTests : IDisposable
{
    private static readonly string[] Names = ["a", "b", "c", "d"];

    private readonly Float64Models _models = new();

    public static TheoryData<KvMode> KvModes => Float64Models.KvModes;

    public void Dispose() => _models.Dispose();

    [Fact]
    public void F6_kv_experts_are_one_attention_with_n_times_the_heads_and_a_stacked_output()
    {
        var mixture = _models.Random(Shapes.Mixture(KvExperts));
        var (config, n) = (mixture.Config, Input(mixture.Config));
        using var quiet = no_grad();
        var q = cat([.. Experts(config).Select(j => Heads(n, mixture["blocks.0.attention.experts.q"][j], turn: true))], 1);   // [1, N·H, T, K]
        var k = cat([.. Experts(config).Select(j => Heads(n, mixture["blocks.0.attention.experts.k"][j], turn: true))], 1);   // [1, N·Hkv, T, K]
        var v = cat([.. Experts(config).Select(j => Heads(n, mixture["blocks.0.attention.experts.v"][j], turn: false))], 1);
        var group = config.Heads / config.KvHeads;

        var heard = nn.functional.scaled_dot_product_attention(q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), is_casual: true);
        var gates = Gates(mixture, n).transpose(1, 2).repeat_interleave(config.Heads, 1).unsqueeze(-1);     // [1, N·H, T, 1]
        var output = cat([.. Experts(config).Select(j => mixture["blocks.0.attention.experts.o"][j])], 1);  // [D, N·H·K]
        var wide = (heard * gates).transpose(1, 2).flatten(2).matmul(output.T);

        AssertAllAgree(mixture, n, wide);
    }

    [Fact]
    public void F6_kv_sharing_is_one_grouped_attention_whose_keys_and_values_serve_n_times_the_queries()
    {
        var mixture = _models.Random(Shapes.Mixture(KvShared));
        var (config, n) = (mixture.Config, Input(mixture.Config));
        int group = config.Heads / config.KvHeads, experts = config.Experts;
        using var quiet = no_grad();
        // Heads in the order KV head, expert, head of its group: N·H/Hkv neighbours share keys and values.
        (int Expert, int Head)[] order =
        [
            .. Enumerable.Range(0, config.KvHeads).SelectMany(kvHead =>
                Experts(config).SelectMany(j => Enumerable.Range(kvHead * group, group).Select(head => (j, head)))),
        ];
        var queries = Experts(config).Select(j => Heads(n, mixture["blocks.0.attention.experts.q"][j], turn: true)).ToArray();
        var q = stack(order.Select(one => queries[one.Expert].select(1, one.Head)), 1);                     // [1, N·H, T, K]
        var k = Heads(n, mixture["blocks.0.attention.k.weight"], turn: true).repeat_interleave(experts * group, 1);
        var v = Heads(n, mixture["blocks.0.attention.v.weight"], turn: false).repeat_interleave(experts * group, 1);

        var heard = nn.functional.scaled_dot_product_attention(q, k, v, is_casual: true);
        var gates = Gates(mixture, n);                                                                      // [1, T, N]
        var width = config.HeadWidth;
        var wide = zeros_like(n);
        for (var place = 0; place < order.Length; place++)
        {
            var (j, head) = order[place];
            var output = mixture["blocks.0.attention.experts.o"][j].narrow(1, head * width, width);         // [D, K]
            wide += gates.select(2, j).unsqueeze(-1) * heard.select(1, place).matmul(output.T);
        }

        AssertAllAgree(mixture, n, wide);
    }

    [Theory, MemberData(nameof(KvModes))]
    public void F8_uniform_gates_give_the_mean_of_the_experts_outputs(KvMode kv)
    {
        var sources = Publish((tensor, values) =>
        {
            // With KV sharing keys and values are those of no source, unless all have the same.
            if (kv == KvMode.Shared && IsKeyOrValue(tensor))
                GaussianSource.Fill(values, 5, tensor.Name, 0.25);
        });
        var mixture = _models.Mix(sources, KvExperts with { Kv = kv });
        EachRouter(mixture, (_, router) => router.zero_());
        var n = Input(Shapes.Dense);

        var outputs = stack(sources.Select(source => new SlowModel(_models.Load(source)).Attention(0, n[0])));

        AssertClose(outputs.mean([0]), Attend(mixture, n)[0], 1e-14);
        AssertDiffers(Attend(_models.Mix(sources, Btx), n)[0], Attend(mixture, n)[0]);
    }

    [Fact]
    public void F8_averaged_attention_is_the_output_of_the_mean_weights_and_not_the_mean_of_outputs()
    {
        var sources = Publish(null);
        var n = Input(Shapes.Dense);
        var dense = sources.Select(_models.Load).ToArray();
        var outputs = stack(dense.Select(parameters => new SlowModel(parameters).Attention(0, n[0])));
        var mean = _models.Random(Shapes.Dense);
        EachTensor(mean, _ => true, (name, tensor) => tensor.copy_(stack(dense.Select(parameters => parameters[name])).mean([0])));

        var averaged = Attend(_models.Mix(sources, Btx), n)[0];

        AssertClose(new SlowModel(mean).Attention(0, n[0]), averaged, 1e-6);     // the file keeps the means in float32
        AssertDiffers(outputs.mean([0]), averaged);
    }

    [Fact]
    public void F8_half_the_spread_of_the_experts_is_a_quarter_of_the_gap_between_the_two()
    {
        var gaps = new[] { 0.1f, 0.05f, 0.025f }.Select(spread =>
        {
            var sources = Publish((tensor, values) =>
            {
                var common = new float[values.Length];
                GaussianSource.Fill(common, 5, tensor.Name, 0.25);
                for (var i = 0; i < values.Length; i++)
                    values[i] = common[i] + spread * values[i];
            });
            var (bam, btx) = (_models.Mix(sources, KvExperts), _models.Mix(sources, Btx));
            EachRouter(bam, (_, router) => router.zero_());
            var n = Input(Shapes.Dense);
            return (Attend(bam, n) - Attend(btx, n)).norm().item<double>();
        }).ToArray();

        Assert.True(gaps[2] > 1e-4, $"no gap to speak of: {gaps[2]}");
        Assert.InRange(gaps[0] / gaps[1], 3.9, 4.1);
        Assert.InRange(gaps[1] / gaps[2], 3.97, 4.03);
    }

    [Fact]
    public void F9_one_attention_of_means_and_n_ffn_experts_are_btx()
    {
        var sources = Publish(null);
        var dense = sources.Select(_models.Load).ToArray();
        var btx = _models.Mix(sources, Btx);

        Assert.DoesNotContain(btx.Specs, spec => spec.Group == TensorGroup.AttentionRouter);
        foreach (var part in new[] { "q", "k", "v", "o" })
        {
            var mean = stack(dense.Select(parameters => parameters[$"blocks.1.attention.{part}.weight"])).mean([0]);
            AssertSame(mean.to(float32).to(float64), btx[$"blocks.1.attention.{part}.weight"]);
        }

        var n = Input(Shapes.Dense);
        var forced = new FeedForwardMixture(btx.Config, btx, 0).Forward(n, _models.Pass(btx.Config, Shapes.Dense.Context) with { Forced = 2 });
        AssertClose(new SlowModel(dense[2]).FeedForward(0, n[0]), forced[0], 1e-13);
    }

    [Fact]
    public void F9_btx_of_one_model_many_times_is_sparse_upcycling()
    {
        var source = _models.Published.Publish("a");

        var upcycled = _models.Mix([source, source, source], Btx with { FfnRenormalise = true });

        AssertClose(_models.Logits(_models.Load(source)), _models.Logits(upcycled), 1e-14);
    }

    private static IEnumerable<int> Experts(ModelConfig config) => Enumerable.Range(0, config.Experts);

    /// <summary>[1, T, N], by the formula.</summary>
    private static Tensor Gates(ParameterSet mixture, Tensor n)
    {
        var powers = n.matmul(mixture["blocks.0.attention.router.weight"].T).exp();
        return powers / powers.sum(-1, keepdim: true);
    }

    /// <summary>[1, heads, T, K], turned by their positions or not.</summary>
    private static Tensor Heads(Tensor n, Tensor weight, bool turn)
    {
        var flat = n.matmul(weight.T);                                         // [1, T, heads·K]
        using var rotary = new RotaryTable(Shapes.Dense, CPU, ScalarType.Float64);
        var heads = (int)flat.size(2) / Shapes.Dense.HeadWidth;
        return (turn ? rotary.Apply(flat, 1, 0, (int)flat.size(1), heads) : flat.view(1, -1, heads, Shapes.Dense.HeadWidth)).transpose(1, 2);
    }

    private void AssertAllAgree(ParameterSet mixture, Tensor n, Tensor wide)
    {
        AssertClose(new SlowModel(mixture).Attention(0, n[0]), wide[0], 1e-14);
        AssertClose(wide, Attend(mixture, n), 1e-14);
    }

    private Tensor Attend(ParameterSet parameters, Tensor n)
    {
        using var quiet = no_grad();
        IAttention attention = parameters.Config.RoutesAttention
            ? new AttentionMixture(parameters.Config, parameters, 0)
            : new Attention(parameters.Config, parameters, 0);
        return attention.Forward(n, _models.Pass(parameters.Config, (int)n.size(1)));
    }

    private MixSource[] Publish(TensorReader? change) => [.. Names.Select(name => _models.Published.Publish(name, change: change))];
}
