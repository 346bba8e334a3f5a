using Bam.Contracts.Runs;
using Bam.Training.Model;

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
    public void S5_attention_costs_the_papers_flops_a_layer()
    {
        const long router = 2L * 4 * 1024;

        Assert.Equal(8_912_896, AttentionFlops(Paper590M));
        Assert.Equal(35_651_584, AttentionFlops(Mixture(Bam)) - 2 * router);
        Assert.Equal(23_068_672, AttentionFlops(Mixture(Shared)) - 2 * router);
        Assert.Equal(8_912_896, AttentionFlops(Mixture(Btx)) - router);
    }

    [Fact]
    public void S5_a_trained_token_costs_three_forward_passes() =>
        Assert.Equal(3 * FlopCount.Forward(Paper590M), FlopCount.Training(Paper590M));

    private static double Billions(long parameters) => Math.Round(parameters / 1e9, 3);

    private static ModelConfig Mixture(MixtureSpec spec, int experts = 4, ModelConfig? of = null) =>
        (of ?? Paper590M).Mixture(spec with { Experts = [.. Enumerable.Range(0, experts).Select(i => $"{i}")] });

    // What a layer more costs when its FFN has no width: attention, and the routers.
    private static long AttentionFlops(ModelConfig config)
    {
        var bare = config with { Ffn = 0 };
        return FlopCount.Forward(bare with { Layers = 2 }) - FlopCount.Forward(bare with { Layers = 1 });
    }
}
