using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Model;

namespace Bam.Training.Mixing;

/// <summary>
/// Builds a mixture from dense models (BAM, arXiv 2408.08274, section 4; BTX with averaged attention; sparse upcycling when all experts are
/// one model): FFN experts and attention experts are copies of the sources' own, routers are random, everything else is the mean. Works on
/// files, some millions of values in memory whatever the model's size, without torch; the same sources and seed give the same bytes.
/// </summary>
public static class Mixer
{
    /// <summary>Builds the mixture and publishes it as step 0 of its member.</summary>
    /// <param name="models">The dense models of the run, the seed model among them even when it is no expert.</param>
    /// <param name="spec">
    /// The experts, which parts become theirs, and the routers. A name may stand more than once: means are uniform over the list, so it
    /// counts as often as it stands. Without a list every model is an expert, in the order given.
    /// </param>
    /// <param name="seed">Seed of the run; all that is random derives from it and the mixture's name.</param>
    /// <param name="store">Where it goes.</param>
    /// <param name="cancellation">Leaves nothing half-written.</param>
    /// <exception cref="MixException">The models do not fit each other, or one is missing.</exception>
    /// <exception cref="CheckpointException">A model cannot be read or the store cannot be written.</exception>
    public static Checkpoint Mix(
        IReadOnlyList<MixSource> models, MixtureSpec spec, long seed, MemberStore store, CancellationToken cancellation = default)
    {
        if (spec.Kind == MixtureKind.Ensemble)
            throw new ArgumentException($"'{spec.Name}' is an ensemble: its models stay what they are", nameof(spec));
        using var sources = new MixSources(models, spec);
        var config = sources.Config.Mixture(spec with { Experts = [.. sources.Experts.Select(expert => expert.Name)] });
        var tensors = TensorLayout.Of(config);
        var content = new MixedTensors(config, spec, seed, sources, cancellation: cancellation);
        return store.Publish(step: 0, attempt: 0, parent: null, TensorLayout.Parameters(config) * sizeof(float), folder =>
        {
            string At(string name) => Path.Combine(folder, name);
            var files = new Dictionary<string, FileEntry>
            {
                [Checkpoint.ModelFile] = SafeTensorsWriter.Write(
                    At(Checkpoint.ModelFile), [.. tensors.Select(tensor => (tensor.Name, tensor.Shape))], (i, write) => content.Write(tensors[i], write)),
                [Checkpoint.ConfigFile] = DurableFile.Write(At(Checkpoint.ConfigFile), System.Text.Encoding.UTF8.GetBytes(config.ToJson() + "\n")),
                [MixReceipt.FileName] = DurableFile.Write(At(MixReceipt.FileName), CheckpointJson.Write(Receipt(config, spec, sources))),
            };
            foreach (var name in sources.TokenizerFiles)
                files[name] = DurableFile.Write(At(name), File.ReadAllBytes(Path.Combine(sources.Experts[0].Checkpoint.Folder, name)));
            return files;
        });
    }

    private static MixReceipt Receipt(ModelConfig config, MixtureSpec spec, MixSources sources)
    {
        var counts = TensorLayout.Of(config).ToLookup(tensor => MixedTensors.Origin(config, tensor), tensor => tensor.Count);
        var forgotten = TensorLayout.Of(config).Sum(tensor => PartialReset.Count(tensor, spec));
        return new MixReceipt
        {
            Experts = [.. sources.Experts.Select(Describe)],
            FurtherSources = sources.Attention is { } seed && !sources.Experts.Contains(seed) ? [Describe(seed)] : [],
            Copied = counts[TensorOrigin.Copied].Sum() + counts[TensorOrigin.CopiedFromSeed].Sum() - forgotten,
            Averaged = counts[TensorOrigin.Averaged].Sum(),
            Initialised = counts[TensorOrigin.Initialised].Sum() + forgotten,
            Reinitialised = forgotten,
            RouterStd = config.Experts > 0 ? spec.RouterStd : 0,
            Warnings = [.. Twins(sources.Experts), .. Ties(config, spec)],
        };
    }

    private static MixedSource Describe(MixSource source) => new(source.Name, source.Checkpoint.Folder, source.Checkpoint.ModelSha256);

    /// <summary>Models of different names and the same bytes. One that is listed twice was meant to be.</summary>
    private static IEnumerable<string> Twins(IReadOnlyList<MixSource> experts) => experts
        .GroupBy(expert => expert.Checkpoint.ModelSha256, expert => expert.Name)
        .Select(same => same.Distinct().ToArray())
        .Where(names => names.Length > 1)
        .Select(names => $"{string.Join(" and ", names)} have the same weights: they begin as the same expert; was one of them trained?");

    private static IEnumerable<string> Ties(ModelConfig config, MixtureSpec spec)
    {
        if (spec is not { RouterStd: 0, RouterInit: RouterInit.Random })
            yield break;
        var heard = config.AttentionTopK < config.AttentionExperts ? Math.Min(config.AttentionTopK, config.FfnTopK) : config.FfnTopK;
        if (heard < config.Experts)
            yield return $"router_std is 0: all gates tie, and every token goes to {(heard == 1 ? "expert 0" : $"experts 0 to {heard - 1}")} at a tie; use 0.02";
    }
}
