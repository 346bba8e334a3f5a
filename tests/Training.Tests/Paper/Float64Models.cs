using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Tests.Mixing;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Paper;

/// <summary>Dense models and mixtures of them, published and loaded as every command does, in float64.</summary>
internal sealed class Float64Models : IDisposable
{
    public static readonly MixtureSpec KvExperts = DenseModels.Spec;
    public static readonly MixtureSpec KvShared = KvExperts with { Kv = KvMode.Shared };
    public static readonly MixtureSpec Btx = KvExperts with { Attention = AttentionMode.Averaged };

    /// <summary>Mixtures that differ in how they route.</summary>
    private static readonly Dictionary<string, MixtureSpec> Kinds = new()
    {
        ["KV experts"] = KvExperts,
        ["KV shared"] = KvShared,
        ["KV experts, soft FFN"] = KvExperts with { FfnTopK = 3 },
        ["KV shared, FFN top-2 renormalised"] = KvShared with { FfnTopK = 2, FfnRenormalise = true },
        ["attention top-1"] = KvExperts with { Attention = AttentionMode.Top1 },
        ["attention top-2 renormalised, KV shared"] = KvShared with { Attention = AttentionMode.Top2, AttentionRenormalise = true },
        ["BTX"] = Btx,
    };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly List<IDisposable> _owned = [];

    public static TheoryData<string> KindNames => [.. Kinds.Keys];

    public static TheoryData<KvMode> KvModes => [KvMode.Experts, KvMode.Shared];

    public DenseModels Published { get; } = new();

    public long[][] Ids { get; } = TransformerTests.Ids(2, seed: 9);

    public static MixtureSpec Kind(string name) => Kinds[name];

    public ParameterSet Load(MixSource source) => Own(ModelFolder.Load(source.Checkpoint.Folder, CPU, ScalarType.Float64));

    public ParameterSet Mix(IReadOnlyList<MixSource> sources, MixtureSpec spec) =>
        Own(ModelFolder.Load(Published.Mix(sources, spec).Folder, CPU, ScalarType.Float64));

    /// <summary>A model of random weights that come from no file.</summary>
    public ParameterSet Random(ModelConfig config) => Own(TransformerTests.Distinct(config, ScalarType.Float64));

    public Transformer Model(ParameterSet parameters) => Own(new Transformer(parameters));

    /// <summary>Logits [B, T, V].</summary>
    public Tensor Logits(ParameterSet parameters, long[][]? ids = null, Func<ForwardPass, ForwardPass>? with = null)
    {
        using var quiet = no_grad();
        var model = Model(parameters);
        var batch = Tokens(ids ?? Ids);
        return model.Forward(batch, with is null ? model.Pass(batch) : with(model.Pass(batch)));
    }

    /// <summary>A pass of one row of T tokens without a transformer around it.</summary>
    public ForwardPass Pass(ModelConfig config, int time) => new(1, time, Own(new RotaryTable(config, CPU, ScalarType.Float64)));

    public static Tensor Tokens(long[][] ids) => tensor(ids.SelectMany(row => row).ToArray(), [ids.Length, ids[0].Length]);

    /// <summary>Normal numbers, [1, T, D].</summary>
    public static Tensor Input(ModelConfig config, int seed = 3) =>
        randn([1, config.Context, config.Width], ScalarType.Float64, generator: new Generator((ulong)seed));

    /// <summary>Whether a tensor of a dense model is a W_k or a W_v.</summary>
    public static bool IsKeyOrValue(TensorSpec tensor) =>
        tensor.Name.EndsWith(".k.weight", StringComparison.Ordinal) || tensor.Name.EndsWith(".v.weight", StringComparison.Ordinal);

    /// <summary>Changes every router of both kinds.</summary>
    public static void EachRouter(ParameterSet mixture, Action<string, Tensor> change) => EachTensor(
        mixture, spec => spec.Group is TensorGroup.AttentionRouter or TensorGroup.FfnRouter, change);

    public static void EachTensor(ParameterSet parameters, Func<TensorSpec, bool> which, Action<string, Tensor> change)
    {
        using var quiet = no_grad();
        foreach (var spec in parameters.Specs.Where(which))
            change(spec.Name, parameters[spec.Name]);
    }

    /// <summary>Largest difference, as a part of the largest number.</summary>
    public static double Gap(Tensor expected, Tensor found)
    {
        Assert.Equal(expected.shape, found.shape);
        return (expected - found).abs().max().item<double>() / expected.abs().max().item<double>();
    }

    public static void AssertClose(Tensor expected, Tensor found, double tolerance)
    {
        var gap = Gap(expected, found);
        Assert.True(gap <= tolerance, $"differs by {gap} of the largest number");
    }

    /// <summary>The same bits.</summary>
    public static void AssertSame(Tensor expected, Tensor found) => AssertClose(expected, found, 0.0);

    public static void AssertDiffers(Tensor left, Tensor right, double least = 0.01)
    {
        var gap = Gap(left, right);
        Assert.True(gap > least, $"differs by {gap} of the largest number only");
    }

    public void Dispose()
    {
        _owned.ForEach(one => one.Dispose());
        _scope.Dispose();
        Published.Dispose();
    }

    private T Own<T>(T one)
        where T : IDisposable
    {
        _owned.Add(one);
        return one;
    }
}
