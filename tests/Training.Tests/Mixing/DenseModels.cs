using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Randomness;
using Bam.Training.Tests.Model;
using TorchSharp;

namespace Bam.Training.Tests.Mixing;

/// <summary>Dense models as published checkpoints, and mixtures of them, in a folder of a test's own.</summary>
internal sealed class DenseModels : IDisposable
{
    public static readonly MixtureSpec Spec = new() { Name = "bam", Steps = 1, RouterStd = 0.3 };

    private readonly TemporaryFolder _folder = new();
    private int _mixtures;

    /// <summary>A model whose every tensor is its own, or whose named groups are those of all others.</summary>
    /// <param name="name">Name of the source; the weights derive from it.</param>
    /// <param name="config">Shape; <see cref="Shapes.Dense"/> when null.</param>
    /// <param name="common">Groups that do not depend on the name.</param>
    /// <param name="change">Last word on the values of a tensor.</param>
    public MixSource Publish(string name, ModelConfig? config = null, TensorGroup[]? common = null, TensorReader? change = null)
    {
        config ??= Shapes.Dense;
        var tensors = TensorLayout.Of(config);
        float[] Values(TensorSpec tensor)
        {
            var values = new float[tensor.Count];
            GaussianSource.Fill(values, seed: 11, $"{(common?.Contains(tensor.Group) == true ? "" : name)}/{tensor.Name}", 0.25);
            for (var i = 0; i < values.Length && tensor.Group == TensorGroup.Norm; i++)
                values[i] += 1;
            change?.Invoke(tensor, values);
            return values;
        }

        var store = new CheckpointStore(_folder.At("store")).Open("run", $"{name}-{Guid.NewGuid():n}");
        return new MixSource(name, store.Publish(step: 7, attempt: 1, parent: null, bytes: 0, folder => new Dictionary<string, FileEntry>
        {
            [Checkpoint.ModelFile] = SafeTensorsWriter.Write(
                Path.Combine(folder, Checkpoint.ModelFile),
                [.. tensors.Select(tensor => (tensor.Name, tensor.Shape))], i => Values(tensors[i])),
            [Checkpoint.ConfigFile] = DurableFile.Write(
                Path.Combine(folder, Checkpoint.ConfigFile), System.Text.Encoding.UTF8.GetBytes(config.ToJson())),
        }));
    }

    /// <summary>The mixture, published.</summary>
    public Checkpoint Mix(IReadOnlyList<MixSource> sources, MixtureSpec? spec = null, long seed = 3) => Mixer.Mix(
        sources, spec ?? Spec, seed,
        new CheckpointStore(_folder.At("store")).Open("run", $"mixture-{_mixtures++}"), TestContext.Current.CancellationToken);

    /// <summary>Weights of the mixture, loaded as every command loads them.</summary>
    public ParameterSet Load(IReadOnlyList<MixSource> sources, MixtureSpec? spec = null) =>
        ModelFolder.Load(Mix(sources, spec).Folder, torch.CPU);

    public static ParameterSet Load(MixSource source) => ModelFolder.Load(source.Checkpoint.Folder, torch.CPU);

    /// <summary>Values of a tensor of a published model.</summary>
    public static float[] Read(Checkpoint checkpoint, string tensor)
    {
        using var file = checkpoint.OpenModel();
        var values = new float[file.Shape(tensor)!.Aggregate(1L, (product, size) => product * size)];
        file.Read(tensor, values);
        return values;
    }

    public void Dispose() => _folder.Dispose();
}
