using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Sessions;

namespace Bam.Training.Tests.Paper;

/// <summary>S5: the paper's own counts (arXiv 2408.08274, tables 1, 4, 7 and 9; docs/paper.md says which of them are misprints).</summary>
public sealed class PaperNumbersTests
{
    private static readonly ModelConfig Paper590M = new()
    {
        Vocab = 256_000,
        Layers = 6,
        Width = 1024,
        Heads = 8,
        KvHeads = 8,
        Ffn = 2048,
        Context = 256,
        Tied = false,
    };

    private static readonly ModelConfig Paper2B = new()
    {
        Vocab = 256_000,
        Layers = 18,
        Width = 2304,
        Heads = 18,
        KvHeads = 6,
        Ffn = 9216,
        Context = 256,
    };

    private static readonly MixtureSpec Bam = new() { Name = "m", Steps = 1 };
    private static readonly MixtureSpec Shared = Bam with { Kv = KvMode.Shared };
    private static readonly MixtureSpec Btx = Bam with { Attention = AttentionMode.Averaged };

    [Fact]
    public void S5_dense_models_have_the_papers_parameters()
    {
        Assert.Equal(587_209_728, TensorLayout.Parameters(Paper590M));
        Assert.Equal(587_209_728, TensorLayout.ActiveParameters(Paper590M));
        Assert.Equal(1_991_289_600, TensorLayout.Parameters(Paper2B));
    }

    [Fact]
    public void S5_mixtures_of_four_have_the_papers_parameters()
    {
        Assert.Equal(776_002_560, TensorLayout.Parameters(Mixture(Bam)));
        Assert.Equal(738_253_824, TensorLayout.Parameters(Mixture(Shared)));
    }

    [Fact]
    public void S5_mixtures_of_the_two_billion_model_have_the_parameters_that_follow()
    {
        Assert.Equal(6.196, Billions(TensorLayout.Parameters(Mixture(Bam, of: Paper2B))));
        Assert.Equal(2.756, Billions(TensorLayout.ActiveParameters(Mixture(Bam, of: Paper2B))));
        Assert.Equal(6.005, Billions(TensorLayout.Parameters(Mixture(Shared, of: Paper2B))));
        Assert.Equal(5.431, Billions(TensorLayout.Parameters(Mixture(Btx, of: Paper2B))));
    }

    [Theory]
    [InlineData(4, 700_480_512)]
    [InlineData(5, 738_235_392)]
    [InlineData(6, 775_990_272)]
    [InlineData(7, 813_745_152)]
    [InlineData(8, 851_500_032)]
    public void S5_btx_has_the_papers_parameters(int experts, long parameters) =>
        Assert.Equal(parameters, TensorLayout.Parameters(Mixture(Btx, experts)));

    [Fact]
    public void S5_a_token_uses_one_ffn_expert_of_four_and_everything_else()
    {
        const long ffn = 3L * 1024 * 2048, layers = 6;

        Assert.Equal(776_002_560 - layers * 3 * ffn, TensorLayout.ActiveParameters(Mixture(Bam)));
        Assert.Equal(662_756_352, TensorLayout.ActiveParameters(Mixture(Bam)));  // table 9 counts one of the two routers: 662,731,776
        Assert.Equal(625_007_616, TensorLayout.ActiveParameters(Mixture(Shared)));   // table 9 leaves out the shared K and V: 612,400,128
        Assert.Equal(587_234_304, TensorLayout.ActiveParameters(Mixture(Btx)));
        Assert.Equal(776_002_560 - layers * 2 * ffn, TensorLayout.ActiveParameters(Mixture(Bam with { FfnTopK = 2 })));
    }

    [Fact]
    public void S5_a_trained_token_costs_three_forward_passes() =>
        Assert.Equal(3 * FlopCount.Forward(Paper590M), FlopCount.Training(Paper590M));

    // Table 7: its totals are attention, FFN and the routers.
    [Fact]
    public void S5_a_layer_has_the_papers_flops()
    {
        Assert.Equal(new LayerFlops(35_651_584, 12_589_056, 48_257_024 - 35_651_584 - 12_589_056), FlopCount.Layer(Mixture(Bam)));
        Assert.Equal(new LayerFlops(8_912_896, 12_589_056, 21_510_144 - 8_912_896 - 12_589_056), FlopCount.Layer(Mixture(Btx)));
        Assert.Equal(48_257_024, FlopCount.Layer(Mixture(Bam)).Total);
        Assert.Equal(21_510_144, FlopCount.Layer(Mixture(Btx)).Total);
        Assert.Equal(46_692_352, FlopCount.Layer(Mixture(Btx with { FfnTopK = 3 }, experts: 6)).Total);
        Assert.Equal(23_068_672, FlopCount.Layer(Mixture(Shared)).Attention);
        Assert.Equal(new LayerFlops(8_912_896, 12_589_056, 0), FlopCount.Layer(Paper590M));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void S5_a_forward_pass_is_the_layers_without_their_element_wise_work_and_the_head(int topK)
    {
        var config = Mixture(Bam with { FfnTopK = topK });

        Assert.Equal((6 * (FlopCount.Layer(config).Total - (3 * topK * 2048))) + (2L * 256_000 * 1024), FlopCount.Forward(config));
        Assert.Equal(FlopCount.Forward(config), FlopCount.Forward(config with { Tied = true }));
    }

    [Theory]
    [InlineData(AttentionMode.Top1)]
    [InlineData(AttentionMode.Top2)]
    public void Sparse_attention_gates_save_nothing(AttentionMode attention) =>
        Assert.Equal(FlopCount.Training(Mixture(Bam)), FlopCount.Training(Mixture(Bam with { Attention = attention })));

    // Counted product by product: forward, to the input, to the weight; scores and values forward and to both of their factors.
    [Theory]
    [InlineData(FrozenParts.None)]
    [InlineData(FrozenParts.Experts)]
    [InlineData(FrozenParts.AllButRouters)]
    public void Frozen_weights_save_their_gradient_and_nothing_else(FrozenParts frozen)
    {
        const long d = 1024, f = 2048, t = 256, e = 4, v = 256_000, layers = 6;
        var (experts, others, routers) = (frozen == FrozenParts.None ? 3 : 2, frozen == FrozenParts.AllButRouters ? 2 : 3, 3);
        var layer = (experts * e * 2 * d * d)               // q, o
            + (others * 2 * d * d)                          // k, v: shared
            + (experts * 3 * d * f)
            + (routers * 2 * e * d);
        var flops = (2 * ((layers * layer) + (others * v * d))) + (3 * layers * e * 2 * t * d);

        Assert.Equal(flops, FlopCount.Training(Mixture(Shared), frozen));
    }

    [Fact]
    public void A_whole_training_has_its_frozen_steps_and_the_rest()
    {
        var spec = Bam with { Steps = 10, Frozen = FrozenParts.AllButRouters, FrozenSteps = 4, Train = new() { Batch = 3 } };
        var config = Mixture(spec);

        var steps = Enumerable.Range(0, 10).Sum(step => 3 * 256L * FlopCount.Training(config, step < 4 ? FrozenParts.AllButRouters : FrozenParts.None));
        var work = TrainingWork.Of(config, spec.Train, Freeze.Of(spec));
        Assert.Equal(steps, work.FlopsOf(10));
        Assert.Equal(steps - FlopCount.Training(config) * 3 * 256L, work.FlopsOf(9));
    }

    private static double Billions(long parameters) => Math.Round(parameters / 1e9, 3);

    private static ModelConfig Mixture(MixtureSpec spec, int experts = 4, ModelConfig? of = null) =>
        (of ?? Paper590M).Mixture(spec with { Experts = [.. Enumerable.Range(0, experts).Select(i => $"{i}")] });
}
