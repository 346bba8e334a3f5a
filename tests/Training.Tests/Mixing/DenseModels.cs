using System.Text;
using System.Text.Json;
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
    /// <param name="like">Name that the weights derive from instead of <paramref name="name"/>.</param>
    /// <param name="type">F32, or F16 or BF16 as in models from elsewhere.</param>
    /// <param name="tokenizer">Content of a tokenizer's file; none when null.</param>
    public MixSource Publish(
        string name, ModelConfig? config = null, TensorGroup[]? common = null, TensorReader? change = null,
        string? like = null, string type = "F32", string? tokenizer = null)
    {
        config ??= Shapes.Dense;
        var tensors = TensorLayout.Of(config);
        float[] Values(TensorSpec tensor)
        {
            var values = new float[tensor.Count];
            GaussianSource.Fill(values, seed: 11, $"{(common?.Contains(tensor.Group) == true ? "" : like ?? name)}/{tensor.Name}", 0.25);
            for (var i = 0; i < values.Length && tensor.Group == TensorGroup.Norm; i++)
                values[i] += 1;
            change?.Invoke(tensor, values);
            return values;
        }

        var store = new CheckpointStore(_folder.At("store")).Open("run", $"{name}-{Guid.NewGuid():n}");
        return new MixSource(name, store.Publish(step: 7, attempt: 1, parent: null, bytes: 0, folder =>
        {
            string At(string file) => Path.Combine(folder, file);
            var files = new Dictionary<string, FileEntry>
            {
                [Checkpoint.ModelFile] = type == "F32"
                    ? SafeTensorsWriter.Write(At(Checkpoint.ModelFile), [.. tensors.Select(tensor => (tensor.Name, tensor.Shape))], i => Values(tensors[i]))
                    : WriteHalves(At(Checkpoint.ModelFile), type, tensors, Values),
                [Checkpoint.ConfigFile] = DurableFile.Write(At(Checkpoint.ConfigFile), Encoding.UTF8.GetBytes(config.ToJson())),
            };
            if (tokenizer is not null)
                files["tokenizer.tiktoken"] = DurableFile.Write(At("tokenizer.tiktoken"), Encoding.UTF8.GetBytes(tokenizer));
            return files;
        }));
    }

    /// <summary>The mixture, published.</summary>
    public Checkpoint Mix(IReadOnlyList<MixSource> sources, MixtureSpec? spec = null, long seed = 3, CancellationToken? cancellation = null) => Mixer.Mix(
        sources, spec ?? Spec, seed,
        new CheckpointStore(_folder.At("store")).Open("run", $"mixture-{_mixtures++}"), cancellation ?? TestContext.Current.CancellationToken);

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

    /// <summary>All files of all mixtures, published or not.</summary>
    public IEnumerable<string> MixtureFiles => Directory.EnumerateFiles(_folder.At("store"), "*", SearchOption.AllDirectories)
        .Where(path => path.Contains("mixture-", StringComparison.Ordinal));

    public void Dispose() => _folder.Dispose();

    private static FileEntry WriteHalves(string path, string type, IReadOnlyList<TensorSpec> tensors, Func<TensorSpec, float[]> values)
    {
        var end = 0L;
        var header = tensors.ToDictionary(
            tensor => tensor.Name,
            tensor => new { dtype = type, shape = tensor.Shape, data_offsets = new[] { end, end += 2 * tensor.Count } });
        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        byte[] Bytes(float value) => type == "F16"
            ? BitConverter.GetBytes((Half)value)
            : BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
        return DurableFile.Write(path, [.. BitConverter.GetBytes((long)json.Length), .. json, .. tensors.SelectMany(values).SelectMany(Bytes)]);
    }
}
