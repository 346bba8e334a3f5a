using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Model;
using Bam.Training.Randomness;

namespace Bam.Training.Mixing;

/// <summary>
/// Builds a mixture from dense models (BAM, arXiv 2408.08274, section 4; BTX with averaged attention): FFN experts and attention experts
/// are copies of the sources' own, routers are random, everything else is the mean. Works on files, one tensor in memory at a time,
/// without torch; the same sources and seed give the same bytes.
/// </summary>
public static class Mixer
{
    public const string ReceiptFile = "receipt.json";

    /// <summary>Builds the mixture and publishes it as step 0 of its member.</summary>
    /// <param name="sources">Dense models, in the order of the experts.</param>
    /// <param name="spec">Which parts become experts, and the routers.</param>
    /// <param name="seed">Seed of the run; the routers derive from it and the mixture's name.</param>
    /// <param name="store">Where it goes.</param>
    /// <param name="cancellation">Leaves nothing half-written.</param>
    /// <exception cref="MixException">The sources do not fit each other.</exception>
    /// <exception cref="CheckpointException">A source cannot be read or the store cannot be written.</exception>
    public static Checkpoint Mix(
        IReadOnlyList<MixSource> sources, MixtureSpec spec, long seed, MemberStore store, CancellationToken cancellation = default)
    {
        var dense = CommonConfig(sources);
        var config = dense.Mixture(spec with { Experts = [.. sources.Select(source => source.Name)] });
        var bytes = TensorLayout.Parameters(config) * sizeof(float);
        var files = sources.Select(source => source.Checkpoint.OpenModel()).ToArray();
        try
        {
            return store.Publish(step: 0, attempt: 0, parent: null, bytes, folder => new Dictionary<string, FileEntry>
            {
                [Checkpoint.ModelFile] = WriteModel(Path.Combine(folder, Checkpoint.ModelFile), config, spec, seed, files, cancellation),
                [Checkpoint.ConfigFile] = DurableFile.Write(
                    Path.Combine(folder, Checkpoint.ConfigFile), System.Text.Encoding.UTF8.GetBytes(config.ToJson() + "\n")),
                [ReceiptFile] = DurableFile.Write(
                    Path.Combine(folder, ReceiptFile), CheckpointJson.Write(Receipt(config, spec, sources))),
            });
        }
        finally
        {
            foreach (var file in files)
                file.Dispose();
        }
    }

    /// <summary>Where a tensor of a mixture comes from.</summary>
    internal static TensorOrigin Origin(TensorSpec tensor) => tensor switch
    {
        { Group: TensorGroup.AttentionRouter or TensorGroup.FfnRouter } => TensorOrigin.Initialised,
        { Experts: > 0 } => TensorOrigin.Copied,
        _ => TensorOrigin.Averaged,
    };

    /// <summary>Name in a dense model of an expert tensor: <c>blocks.0.ffn.experts.up</c> is a stack of <c>blocks.0.ffn.up.weight</c>.</summary>
    internal static string DenseName(TensorSpec tensor) =>
        tensor.Experts > 0 ? tensor.Name.Replace(".experts.", ".", StringComparison.Ordinal) + ".weight" : tensor.Name;

    private static FileEntry WriteModel(
        string path, ModelConfig config, MixtureSpec spec, long seed, SafeTensorsFile[] sources, CancellationToken cancellation)
    {
        var tensors = TensorLayout.Of(config);
        var largest = checked((int)tensors.Max(tensor => tensor.Count));
        var values = new float[largest];
        double[]? sums = null;
        return SafeTensorsWriter.Write(path, [.. tensors.Select(tensor => (tensor.Name, tensor.Shape))], i =>
        {
            cancellation.ThrowIfCancellationRequested();
            var tensor = tensors[i];
            var into = values.AsSpan(0, (int)tensor.Count);
            switch (Origin(tensor))
            {
                case TensorOrigin.Initialised:
                    GaussianSource.Fill(into, seed, $"{spec.Name}/{tensor.Name}", spec.RouterStd);
                    break;
                case TensorOrigin.Copied:
                    var part = into.Length / sources.Length;
                    for (var expert = 0; expert < sources.Length; expert++)
                        sources[expert].Read(DenseName(tensor), into.Slice(expert * part, part));
                    break;
                default:
                    Average(tensor.Name, sources, into, sums ??= new double[largest]);
                    break;
            }

            return into;
        });
    }

    // Summed in float64: the mean of N equal float32 numbers is then that number, for every N.
    private static void Average(string name, SafeTensorsFile[] sources, Span<float> into, Span<double> sums)
    {
        sums = sums[..into.Length];
        sums.Clear();
        foreach (var source in sources)
        {
            source.Read(name, into);
            for (var i = 0; i < into.Length; i++)
                sums[i] += into[i];
        }

        for (var i = 0; i < into.Length; i++)
            into[i] = (float)(sums[i] / sources.Length);
    }

    private static ModelConfig CommonConfig(IReadOnlyList<MixSource> sources)
    {
        if (sources.Count == 0)
            throw new MixException("a mixture needs at least one dense model");
        var first = sources[0].Checkpoint.Config;
        foreach (var source in sources)
        {
            var config = source.Checkpoint.Config;
            if (config.Architecture != Architecture.Dense)
                throw new MixException($"'{source.Name}' ({source.Checkpoint.Folder}) is a mixture; only dense models can be mixed");
            if (config.Differences(first) is [var (key, here, there), ..])
                throw new MixException($"'{source.Name}' does not fit '{sources[0].Name}': {key} is {here}, not {there}; all sources must come from one seed model");
            using var file = source.Checkpoint.OpenModel();
            ModelFolder.Check(config, file, source.Checkpoint.Folder);
        }

        return first;
    }

    private static MixReceipt Receipt(ModelConfig config, MixtureSpec spec, IReadOnlyList<MixSource> sources)
    {
        long Count(TensorOrigin origin) => TensorLayout.Of(config).Where(tensor => Origin(tensor) == origin).Sum(tensor => tensor.Count);
        return new MixReceipt
        {
            Experts = [.. sources.Select(source => new MixedExpert(source.Name, source.Checkpoint.Folder, source.Checkpoint.ModelSha256))],
            Copied = Count(TensorOrigin.Copied),
            Averaged = Count(TensorOrigin.Averaged),
            Initialised = Count(TensorOrigin.Initialised),
            RouterStd = spec.RouterStd,
            Warnings =
            [
                .. sources.GroupBy(source => source.Checkpoint.ModelSha256).Where(twins => twins.Count() > 1)
                    .Select(twins => $"{string.Join(" and ", twins.Select(twin => twin.Name))} have the same weights"),
            ],
        };
    }
}
