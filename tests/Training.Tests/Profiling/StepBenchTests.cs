using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Profiling;

namespace Bam.Training.Tests.Profiling;

public sealed class StepBenchTests
{
    private static readonly ModelConfig Dense = new() { Vocab = 300, Layers = 2, Width = 32, Heads = 4, KvHeads = 2, Ffn = 48, Context = 16 };

    public static TheoryData<AttentionMode?, Precision> Models => new()
    {
        { null, Precision.Float32 },
        { null, Precision.BFloat16 },
        { AttentionMode.Soft, Precision.Float32 },
        { AttentionMode.Averaged, Precision.Float32 },
    };

    [Theory, MemberData(nameof(Models))]
    public void Every_moment_of_a_step_is_in_its_table_of_operations(AttentionMode? attention, Precision precision)
    {
        var result = Run(attention, precision);

        // The table has the mean of two steps, the other number is the longer of them.
        Assert.InRange(result.Operations.Sum(row => row.Milliseconds), result.ProfiledMilliseconds / 2, result.ProfiledMilliseconds * 1.01);
        Assert.All(Enum.GetValues<StepPhase>(), phase => Assert.Contains(result.Operations, row => row.Phase == phase && row.Group != "between operations"));
        // Written out, heads are turned on their way into attention.
        var isAtOnce = result.Path == "fused" && BlockProduct.IsThere;
        Assert.All(
            new[] { "matmul", "attention", "norm", isAtOnce ? "rotary and attention" : "rope", "swiglu and gates" },
            name => Assert.All(
                new[] { StepPhase.Forward, StepPhase.Backward },
                phase => Assert.Contains(
                    result.Operations,
                    row => (row.Group == name || row.Operation.StartsWith(name, StringComparison.Ordinal)) && row.Phase == phase && row.Milliseconds > 0)));
        Assert.Equal(attention is not null, result.Operations.Any(row => row.Group == "routing" && row.Phase == StepPhase.Backward));
    }

    [Fact]
    public void A_dense_step_by_autograd_has_the_products_that_its_mathematics_has()
    {
        var result = Run(null, Precision.BFloat16);

        // q, k, v, o, gate, up and down of two layers, and the logits; each has two gradients.
        Assert.Equal("autograd", result.Path);
        Assert.Equal((15, 30), Calls(result, "aten::mm"));
        Assert.Equal(2, result.Operations.Single(row => row.Operation == "aten::_fused_adamw_").Calls);    // matrices, norms
    }

    [Fact]
    public void A_dense_step_that_is_written_out_has_one_product_for_all_that_reads_the_norm_and_one_for_all_that_is_added()
    {
        var result = Run(null, Precision.Float32);

        Assert.Equal("fused", result.Path);
        Assert.Equal((5, 10), Calls(result, "product "));
    }

    [Fact]
    public void Its_numbers_follow_from_the_median_step()
    {
        var result = Run(null, Precision.Float32);

        Assert.Equal(result.StepMilliseconds.Order().ElementAt(2), result.Milliseconds);
        Assert.Equal(3 * 16 / (result.Milliseconds / 1e3), result.TokensPerSecond, 1e-6 * result.TokensPerSecond);
        Assert.Equal(result.TokensPerSecond * FlopCount.Training(Dense), result.FlopsPerSecond, 1e-6 * result.FlopsPerSecond);
        Assert.Equal(result.FlopsPerSecond / result.Device.PeakFlops, result.Mfu);
        Assert.True(double.IsFinite(result.Loss) && result.PeakBytes >= 0);
    }

    [Theory]
    [InlineData("aten::mm", "matmul")]
    [InlineData("aten::_scaled_dot_product_flash_attention_for_cpu_backward", "attention")]
    [InlineData("aten::native_layer_norm", "norm")]
    [InlineData("aten::_log_softmax", "loss")]
    [InlineData("aten::_softmax", "routing")]
    [InlineData("aten::view_as_complex", "rope")]
    [InlineData("aten::embedding_dense_backward", "embedding")]
    [InlineData("aten::silu_backward", "swiglu and gates")]
    [InlineData("aten::copy_", "copies")]
    [InlineData("aten::detach", "other")]
    public void An_operator_is_known_by_its_name(string name, string group) => Assert.Equal(group, OperationGroup.Of(name));

    private static (double Forward, double Backward) Calls(BenchResult result, string operation)
    {
        double Of(StepPhase phase) =>
            result.Operations.Where(row => row.Operation.StartsWith(operation, StringComparison.Ordinal) && row.Phase == phase).Sum(row => row.Calls);
        return (Of(StepPhase.Forward), Of(StepPhase.Backward));
    }

    private static BenchResult Run(AttentionMode? attention, Precision precision)
    {
        var config = attention is { } mode
            ? Dense.Mixture(new() { Name = "m", Steps = 1, Attention = mode, Experts = ["a", "b", "c"] })
            : Dense;
        return StepBench.Run(
            new(config, new() { Batch = 3, Precision = precision }, "cpu", Steps: 5, Warmup: 1, ProfiledSteps: 2), TestContext.Current.CancellationToken);
    }
}
