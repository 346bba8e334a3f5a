using System.Runtime.InteropServices;
using Bam.Contracts.Runs;
using Bam.Training.Fused;
using Bam.Training.Kernels;
using Bam.Training.Randomness;
using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>
/// A model's weights: masters that are saved and updated, and the working copies that a step differentiates. In float32 both are one
/// tensor; with bfloat16 arithmetic the working copies are bfloat16 and follow the masters after each update.
/// </summary>
public sealed class ParameterSet : IDisposable
{
    private readonly Dictionary<string, int> _index;
    private FrozenParts _frozen;

    /// <summary>Makes the tensors, with undefined values.</summary>
    /// <param name="config">The model.</param>
    /// <param name="device">Where they live.</param>
    /// <param name="compute">Type of the working copies: float32, bfloat16, or float64 for tests.</param>
    public ParameterSet(ModelConfig config, Device device, ScalarType compute = ScalarType.Float32)
        : this(config, device, compute, FastPath.Serves(config, device, compute))
    {
    }

    /// <param name="flat">Whether all weights lie in one piece of memory, as the fused step wants them.</param>
    internal ParameterSet(ModelConfig config, Device device, ScalarType compute, bool flat)
    {
        Config = config;
        Device = device;
        Compute = compute;
        Specs = TensorLayout.Of(config);
        _index = Specs.Select((spec, i) => (spec.Name, i)).ToDictionary(pair => pair.Name, pair => pair.i);
        var master = compute == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        if (flat)
        {
            Flat = new FlatWeights(config, device, master, compute);
            Masters = [.. Specs.Select(spec => Flat.View(Flat.Masters, spec))];
            Working = compute == master ? Masters : [.. Specs.Select(spec => Flat.View(Flat.Working, spec))];
        }
        else
        {
            Masters = [.. Specs.Select(spec => empty([.. spec.Shape], master, device).DetachFromDisposeScope())];
            Working = compute == master
                ? Masters
                : [.. Specs.Select(spec => empty([.. spec.Shape], compute, device).DetachFromDisposeScope())];
        }

        foreach (var tensor in Working)
            tensor.requires_grad_(true);
    }

    public ModelConfig Config { get; }

    public Device Device { get; }

    /// <summary>Type of the step's arithmetic.</summary>
    public ScalarType Compute { get; }

    public IReadOnlyList<TensorSpec> Specs { get; }

    /// <summary>float32 weights, in the order of <see cref="Specs"/>.</summary>
    public IReadOnlyList<Tensor> Masters { get; }

    /// <summary>Leaves of the autograd graph, in the order of <see cref="Specs"/>.</summary>
    public IReadOnlyList<Tensor> Working { get; }

    /// <summary>The memory of all weights where it is one piece; null where each tensor has its own.</summary>
    internal FlatWeights? Flat { get; }

    /// <summary>Whether the working copies are tensors of their own.</summary>
    public bool HasCopies => !ReferenceEquals(Masters, Working);

    /// <summary>Weights of a new seed model: normal with standard deviation 0.02, residual outputs 0.02/√(2L), norms 1, all from the seed.</summary>
    public static ParameterSet Random(ModelConfig config, long seed, Device device, ScalarType compute = ScalarType.Float32)
    {
        var parameters = new ParameterSet(config, device, compute);
        parameters.Draw(seed);
        return parameters;
    }

    /// <summary>Sets every tensor to what a new seed model has.</summary>
    public void Draw(long seed)
    {
        const double std = 0.02;
        Load((spec, values) =>
        {
            if (spec.Group == TensorGroup.Norm)
                values.Fill(1);
            else
                GaussianSource.Fill(values, seed, spec.Name, IsResidualOutput(spec) ? std / Math.Sqrt(2.0 * Config.Layers) : std);
        });
    }

    /// <summary>Sets every tensor through a float32 buffer of its size.</summary>
    public void Load(TensorReader read)
    {
        using var quiet = no_grad();
        for (var i = 0; i < Specs.Count; i++)
        {
            using var scope = NewDisposeScope();
            var staged = empty([.. Specs[i].Shape], ScalarType.Float32);
            read(Specs[i], MemoryMarshal.Cast<byte, float>(staged.bytes));
            Masters[i].copy_(staged);
        }

        Publish();
    }

    /// <summary>Lets the next steps differentiate all weights but the frozen ones.</summary>
    public void Freeze(FrozenParts parts)
    {
        if (parts == _frozen)
            return;
        _frozen = parts;
        for (var i = 0; i < Specs.Count; i++)
            Working[i].requires_grad_(!Specs[i].IsFrozen(parts));
    }

    /// <summary>Brings the working copies up to the masters.</summary>
    public void Publish()
    {
        if (!HasCopies)
            return;
        using var quiet = no_grad();
        if (Flat is { } flat)
            flat.Working.copy_(flat.Masters);
        else
            Ops.CopyAll(Working, Masters);
    }

    /// <summary>Changes one tensor's master, and its working copy with it.</summary>
    internal void Change(string name, Action<Tensor> change)
    {
        using var quiet = no_grad();
        change(Masters[_index[name]]);
        if (HasCopies)
            Working[_index[name]].copy_(Masters[_index[name]]);
    }

    /// <summary>The working tensor of a name.</summary>
    internal Tensor this[string name] => Working[_index[name]];

    public void Dispose()
    {
        foreach (var tensor in Masters.Concat(HasCopies ? Working : []))
            tensor.Dispose();
        Flat?.Dispose();
    }

    private static bool IsResidualOutput(TensorSpec spec) =>
        spec.Name.EndsWith(".o.weight", StringComparison.Ordinal) || spec.Name.EndsWith(".down.weight", StringComparison.Ordinal);
}
