using Bam.Contracts.Runs;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Randomness;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Mixing;

/// <summary>What must hold between dense models and their mixture, from files to logits; numbered as in the notes on the paper.</summary>
public sealed class FunctionalInvariantTests : IDisposable
{
    private const double Tolerance = 1e-4;

    private static readonly MixtureSpec Bam = DenseModels.Spec;
    private static readonly MixtureSpec Shared = Bam with { Kv = KvMode.Shared };
    private static readonly MixtureSpec Averaged = Bam with { Attention = AttentionMode.Averaged };

    private readonly DenseModels _models = new();
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly long[][] _ids = TransformerTests.Ids(2, seed: 9);

    public void Dispose()
    {
        _scope.Dispose();
        _models.Dispose();
    }

    [Theory]
    [InlineData(KvMode.Experts)]
    [InlineData(KvMode.Shared)]
    public void F1_a_mixture_of_one_model_is_that_model(KvMode kv)
    {
        var source = _models.Publish("a");

        AssertClose(Logits(DenseModels.Load(source)), Logits(_models.Load([source], Bam with { Kv = kv })));
    }

    [Theory]
    [InlineData(KvMode.Experts, 1, true)]
    [InlineData(KvMode.Shared, 1, true)]
    [InlineData(KvMode.Experts, 2, true)]
    [InlineData(KvMode.Experts, 3, false)]
    [InlineData(KvMode.Shared, 3, false)]
    public void F2_identical_experts_whose_gates_sum_to_one_are_the_dense_model(KvMode kv, int topK, bool renormalise)
    {
        var spec = Bam with { Kv = kv, FfnTopK = topK, FfnRenormalise = renormalise };
        var source = _models.Publish("a");

        AssertClose(Logits(DenseModels.Load(source)), Logits(_models.Load([source, source, source], spec)));
    }

    [Fact]
    public void F3_the_papers_gate_shrinks_identical_ffns_to_one_over_n_when_the_routers_are_zero()
    {
        var source = _models.Publish("a");
        var mixture = _models.Load([source, source, source]);
        SetRouters(mixture, _ => 0);
        var dense = DenseModels.Load(source);
        var unchanged = Logits(dense);
        dense.Load((spec, values) =>
        {
            using var file = source.Checkpoint.OpenModel();
            file.Read(spec.Name, values);
            for (var i = 0; i < values.Length && spec.Name.EndsWith("down.weight", StringComparison.Ordinal); i++)
                values[i] /= 3;
        });

        AssertClose(Logits(dense), Logits(mixture));
        AssertDiffers(unchanged, Logits(mixture));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void F4_gates_that_choose_one_expert_give_its_dense_model_when_all_else_is_common(int expert)
    {
        var sources = WithConstant(["a", "b", "c"]);
        var mixture = _models.Load(sources);

        Choose(mixture, expert);

        AssertClose(Logits(DenseModels.Load(sources[expert])), Logits(mixture));
        AssertDiffers(Logits(DenseModels.Load(sources[(expert + 1) % 3])), Logits(mixture));
    }

    [Fact]
    public void F4_does_not_hold_with_shared_keys_and_values()
    {
        var sources = WithConstant(["a", "b", "c"]);
        var mixture = _models.Load(sources, Shared);

        Choose(mixture, 1);

        AssertDiffers(Logits(DenseModels.Load(sources[1])), Logits(mixture));
    }

    [Theory]
    [InlineData(KvMode.Experts)]
    [InlineData(KvMode.Shared)]
    public void F5_experts_permuted_with_their_routers_rows_change_nothing(KvMode kv)
    {
        MixSource a = _models.Publish("a"), b = _models.Publish("b"), c = _models.Publish("c");
        var mixture = _models.Load([a, b, c], Bam with { Kv = kv });
        var permuted = _models.Load([c, a, b], Bam with { Kv = kv });

        EachRouter(permuted, (name, router) => router.copy_(mixture[name].index_select(0, tensor(new long[] { 2, 0, 1 }))));

        AssertClose(Logits(mixture), Logits(permuted));
        EachRouter(permuted, (name, router) => router.copy_(mixture[name]));
        AssertDiffers(Logits(mixture), Logits(permuted));
    }

    [Fact]
    public void F5_one_vector_added_to_every_row_of_a_router_changes_nothing()
    {
        var mixture = _models.Load([_models.Publish("a"), _models.Publish("b")]);
        var before = Logits(mixture);

        EachRouter(mixture, (_, router) => router.copy_(router.add(randn(1, router.size(1), generator: new Generator(1)), 1f.ToScalar())));

        AssertClose(before, Logits(mixture));
    }

    [Theory]
    [InlineData(KvMode.Experts)]
    [InlineData(KvMode.Shared)]
    public void F8_uniform_gates_give_the_mean_of_the_experts_outputs(KvMode kv)
    {
        TensorGroup[] common = kv == KvMode.Shared ? [TensorGroup.Norm, TensorGroup.Embedding] : [];
        var sources = new[] { "a", "b", "c", "d" }
            .Select(name => _models.Publish(name, Shapes.Dense, common, kv == KvMode.Shared ? SameKv : null)).ToArray();
        var mixture = _models.Load(sources, Bam with { Kv = kv });
        SetRouters(mixture, _ => 0);
        var x = Input();

        var outputs = sources.Select(source => Attend(new Attention(Shapes.Dense, DenseModels.Load(source), 0), x)).ToArray();
        var mixed = Attend(new AttentionMixture(mixture.Config, mixture, 0), x);

        AssertClose([.. Enumerable.Range(0, mixed.Length).Select(i => outputs.Average(output => output[i]))], mixed);
    }

    [Fact]
    public void F8_the_mean_of_outputs_and_the_output_of_mean_weights_part_with_the_square_of_the_experts_spread()
    {
        var gaps = new[] { 0.4f, 0.2f, 0.1f }.Select(spread =>
        {
            var sources = new[] { "a", "b", "c", "d" }
                .Select(name => _models.Publish(name, change: (tensor, values) => Near(tensor, values, spread))).ToArray();
            var (bam, btx) = (_models.Load(sources), _models.Load(sources, Averaged));
            SetRouters(bam, _ => 0);
            var x = Input();
            var mixed = Attend(new AttentionMixture(bam.Config, bam, 0), x);
            return mixed.Zip(Attend(new Attention(btx.Config, btx, 0), x), (a, b) => Math.Abs(a - b)).Average();
        }).ToArray();

        Assert.True(gaps[0] > 1e-3, $"no gap to speak of: {gaps[0]}");
        Assert.InRange(gaps[0] / gaps[1], 3.3, 4.7);
        Assert.InRange(gaps[1] / gaps[2], 3.6, 4.4);
    }

    [Fact]
    public void F9_averaged_attention_of_one_model_is_sparse_upcycling()
    {
        var source = _models.Publish("a");

        var upcycled = _models.Load([source, source, source], Averaged with { FfnRenormalise = true });

        Assert.DoesNotContain(upcycled.Specs, spec => spec.Group == TensorGroup.AttentionRouter);
        AssertClose(Logits(DenseModels.Load(source)), Logits(upcycled));
    }

    /// <summary>Models that differ in their experts only, and whose every residual has one large constant for the routers to see.</summary>
    private MixSource[] WithConstant(string[] names) => [.. names.Select(name => _models.Publish(
        name, common: [TensorGroup.Embedding, TensorGroup.Norm], change: (tensor, values) =>
        {
            for (var i = 0; i < values.Length && tensor.Group == TensorGroup.Embedding; i += Shapes.Dense.Width)
                values[i] = 20;
            for (var i = 0; i < values.Length && tensor.Group == TensorGroup.Norm; i++)
                values[i] = Math.Abs(values[i]);
        }))];

    /// <summary>Makes every gate of an expert 1, by the constant that every normalised input has in its first place.</summary>
    private static void Choose(ParameterSet mixture, int expert) =>
        SetRouters(mixture, place => place == expert * Shapes.Dense.Width ? 1000 : 0);

    private static void SetRouters(ParameterSet mixture, Func<int, float> value) => EachRouter(mixture, (_, router) =>
        router.copy_(tensor([.. Enumerable.Range(0, (int)router.numel()).Select(value)], router.shape)));

    private static void EachRouter(ParameterSet mixture, Action<string, Tensor> change)
    {
        using var quiet = no_grad();
        foreach (var spec in mixture.Specs.Where(spec => spec.Group is TensorGroup.AttentionRouter or TensorGroup.FfnRouter))
            change(spec.Name, mixture[spec.Name]);
    }

    /// <summary>Keys and values that all sources have in common, so that their mean is each one's own.</summary>
    private static void SameKv(TensorSpec tensor, Span<float> values)
    {
        if (tensor.Name.Contains(".k.", StringComparison.Ordinal) || tensor.Name.Contains(".v.", StringComparison.Ordinal))
            GaussianSource.Fill(values, 5, tensor.Name, 0.25);
    }

    /// <summary>A common model plus a part of each source's own.</summary>
    private static void Near(TensorSpec tensor, Span<float> values, float spread)
    {
        var common = new float[values.Length];
        GaussianSource.Fill(common, 5, tensor.Name, 0.25);
        for (var i = 0; i < values.Length; i++)
            values[i] = common[i] + spread * values[i];
    }

    private static Tensor Input() => randn(1, Shapes.Dense.Context, Shapes.Dense.Width, generator: new Generator(3));

    private static double[] Attend(IAttention attention, Tensor x)
    {
        using var quiet = no_grad();
        using var rotary = new RotaryTable(Shapes.Dense, CPU, ScalarType.Float32);
        return attention.Forward(x, new ForwardPass(1, Shapes.Dense.Context, rotary)).to(float64).contiguous().data<double>().ToArray();
    }

    private double[] Logits(ParameterSet parameters)
    {
        using var model = new Transformer(parameters);
        return [.. TransformerTests.Logits(model, _ids).SelectMany(row => row.Select(value => (double)value))];
    }

    private static void AssertClose(double[] expected, double[] found) =>
        Assert.True(Gap(expected, found) < Tolerance, $"differs by {Gap(expected, found)}");

    private static void AssertDiffers(double[] left, double[] right) =>
        Assert.True(Gap(left, right) > 0.05, $"differs by {Gap(left, right)} only");

    private static double Gap(double[] left, double[] right) => left.Zip(right, (a, b) => Math.Abs(a - b) / (1 + Math.Abs(a))).Max();
}
