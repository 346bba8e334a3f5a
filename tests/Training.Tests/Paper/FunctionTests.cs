using Bam.Contracts.Runs;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Randomness;
using Bam.Training.Tests.Model;
using static Bam.Training.Tests.Paper.Float64Models;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Paper;

/// <summary>F1 to F5: what must hold between dense models and their mixture, from files to logits (docs/paper.md).</summary>
public sealed class FunctionTests : IDisposable
{
    private readonly Float64Models _models = new();

    public static TheoryData<KvMode> KvModes => Float64Models.KvModes;

    public void Dispose() => _models.Dispose();

    [Theory, MemberData(nameof(KvModes))]
    public void F1_a_mixture_of_one_model_is_that_model_under_the_papers_own_gates(KvMode kv)
    {
        var source = _models.Published.Publish("a");

        AssertSame(_models.Logits(_models.Load(source)), _models.Logits(_models.Mix([source], KvExperts with { Kv = kv })));
    }

    [Theory]
    [InlineData(KvMode.Experts, 1, true)]
    [InlineData(KvMode.Shared, 1, true)]
    [InlineData(KvMode.Experts, 2, true)]
    [InlineData(KvMode.Experts, 3, false)]
    [InlineData(KvMode.Shared, 3, false)]
    public void F2_identical_experts_whose_gates_sum_to_one_are_the_dense_model(KvMode kv, int topK, bool renormalise)
    {
        var source = _models.Published.Publish("a");

        var mixture = _models.Mix([source, source, source], KvExperts with { Kv = kv, FfnTopK = topK, FfnRenormalise = renormalise });

        AssertClose(_models.Logits(_models.Load(source)), _models.Logits(mixture), 1e-14);
    }

    [Theory, MemberData(nameof(KvModes))]
    public void F3_identical_experts_under_the_papers_gate_are_the_dense_model_with_each_tokens_ffn_times_its_largest_gate(KvMode kv)
    {
        var source = _models.Published.Publish("a");
        var mixture = _models.Mix([source, source, source], KvExperts with { Kv = kv });
        var dense = _models.Load(source);
        var scaled = new SlowModel(dense)
        {
            ScaleFfn = (layer, n) => mixture[$"blocks.{layer}.ffn.router.weight"].matmul(n).softmax(0).max(),
        };

        AssertClose(stack(_models.Ids.Select(row => scaled.Logits(row))), _models.Logits(mixture), 1e-13);
        AssertDiffers(_models.Logits(dense), _models.Logits(mixture));
    }

    [Theory, MemberData(nameof(KvModes))]
    public void F3_with_zero_routers_and_every_ffn_output_times_n_the_dense_model_is_back(KvMode kv)
    {
        var source = _models.Published.Publish("a");
        var mixture = _models.Mix([source, source, source, source], KvExperts with { Kv = kv });
        EachRouter(mixture, (_, router) => router.zero_());

        EachTensor(mixture, spec => spec.Name.EndsWith("experts.down", StringComparison.Ordinal), (_, down) => down.mul_(4));

        var dense = _models.Load(source);
        AssertSame(new SlowModel(dense).Logits(_models.Ids[0]), new SlowModel(mixture).Logits(_models.Ids[0]));
        AssertClose(_models.Logits(dense), _models.Logits(mixture), 1e-14);      // sums the experts within one product
    }

    [Theory]
    [InlineData(0.02, 0.43)]                                                   // logits of deviation 0.02 · √1024 = 0.64
    [InlineData(0.03125, 0.52)]                                                // 1/√d: deviation 1
    [InlineData(1.0, 0.98)]                                                    // mergekit's: a random hash
    public void F3_at_the_start_a_random_router_leaves_the_mean_largest_gate_of_the_ffn(double std, double expected)
    {
        var config = Shapes.Mixture(KvExperts, experts: 4) with { Layers = 1, Width = 1024, Ffn = 2, Context = 512, Norm = NormKind.LayerNorm };
        var parameters = _models.Random(config);
        EachRouter(parameters, (_, router) => router.copy_(randn(router.shape, float64, generator: new Generator(5)) * std));
        var trace = new RoutingTrace();
        var n = nn.functional.layer_norm(Input(config), [1024]);

        using var quiet = no_grad();
        new FeedForwardMixture(config, parameters, 0).Forward(n, _models.Pass(config, 512) with { Trace = trace });

        Assert.Equal(expected, trace.FfnWeights[0].item<double>(), 0.02);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void F4_gates_that_are_given_to_one_expert_make_its_dense_model_when_all_else_is_common(int expert)
    {
        var sources = Publish([TensorGroup.Embedding, TensorGroup.Norm]);
        var mixture = _models.Mix(sources, KvExperts);

        var forced = _models.Logits(mixture, with: pass => pass with { Forced = expert });

        AssertClose(_models.Logits(_models.Load(sources[expert])), forced, 1e-14);
        AssertDiffers(_models.Logits(_models.Load(sources[(expert + 1) % 3])), forced);
        AssertDiffers(_models.Logits(mixture), forced);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void F4_saturated_routers_make_one_experts_dense_model(int expert)
    {
        // Every residual has one large constant in its first place, so every normalised input has it too: the routers can see it.
        var sources = Publish([TensorGroup.Embedding, TensorGroup.Norm], change: (tensor, values) =>
        {
            for (var i = 0; i < values.Length && tensor.Group == TensorGroup.Embedding; i += Shapes.Dense.Width)
                values[i] = 20;
            for (var i = 0; i < values.Length && tensor.Group == TensorGroup.Norm; i++)
                values[i] = Math.Abs(values[i]);
        });
        var mixture = _models.Mix(sources, KvExperts);

        EachRouter(mixture, (_, router) => router.zero_()[expert][0].fill_(1000));

        AssertClose(_models.Logits(_models.Load(sources[expert])), _models.Logits(mixture), 1e-14);
    }

    [Fact]
    public void F4_does_not_hold_when_all_else_is_averaged()
    {
        var sources = Publish([]);

        var forced = _models.Logits(_models.Mix(sources, KvExperts), with: pass => pass with { Forced = 1 });

        AssertDiffers(_models.Logits(_models.Load(sources[1])), forced);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void F4_holds_with_shared_keys_and_values_only_when_all_sources_agree_on_them(bool agree)
    {
        var sources = Publish([TensorGroup.Embedding, TensorGroup.Norm], change: (tensor, values) =>
        {
            if (agree && IsKeyOrValue(tensor))
                GaussianSource.Fill(values, 5, tensor.Name, 0.25);
        });
        var (dense, mixture) = (_models.Load(sources[2]), _models.Mix(sources, KvShared));

        var forced = _models.Logits(mixture, with: pass => pass with { Forced = 2 });

        if (agree)
            AssertClose(_models.Logits(dense), forced, 1e-14);
        else
            AssertDiffers(_models.Logits(dense), forced);
    }

    [Theory, MemberData(nameof(KvModes))]
    public void F5_experts_permuted_with_their_routers_rows_change_nothing(KvMode kv)
    {
        var (a, b, c) = (_models.Published.Publish("a"), _models.Published.Publish("b"), _models.Published.Publish("c"));
        var mixture = _models.Mix([a, b, c], KvExperts with { Kv = kv });
        var permuted = _models.Mix([c, a, b], KvExperts with { Kv = kv });

        EachRouter(permuted, (name, router) => router.copy_(mixture[name].index_select(0, tensor(new long[] { 2, 0, 1 }))));

        AssertClose(_models.Logits(mixture), _models.Logits(permuted), 1e-14);
        EachRouter(permuted, (name, router) => router.copy_(mixture[name]));
        AssertDiffers(_models.Logits(mixture), _models.Logits(permuted));
    }

    [Theory, MemberData(nameof(KvModes))]
    public void F5_one_vector_added_to_every_row_of_a_router_changes_the_z_loss_only(KvMode kv)
    {
        var mixture = _models.Mix(Publish([]), KvExperts with { Kv = kv });
        var (logits, before) = (_models.Logits(mixture), Losses(mixture));

        EachRouter(mixture, (_, router) => router.add_(randn([1, router.size(1)], float64, generator: new Generator(1))));

        var after = Losses(mixture);
        AssertClose(logits, _models.Logits(mixture), 1e-13);
        AssertClose(before.Balance!, after.Balance!, 1e-13);
        AssertDiffers(before.Z!, after.Z!);
    }

    private MixSource[] Publish(TensorGroup[] common, TensorReader? change = null) =>
        [.. new[] { "a", "b", "c" }.Select(name => _models.Published.Publish(name, common: common, change: change))];

    private StepLoss Losses(ParameterSet parameters)
    {
        using var quiet = no_grad();
        var ids = Tokens(_models.Ids);
        return _models.Model(parameters).Loss(ids, ids, new LossWeights(0, 0));
    }
}
