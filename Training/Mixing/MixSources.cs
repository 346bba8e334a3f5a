using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Model;

namespace Bam.Training.Mixing;

/// <summary>The dense models that one mixture is made of: chosen, held against each other, each opened once.</summary>
internal sealed class MixSources : IDisposable
{
    private readonly Dictionary<string, SafeTensorsFile> _files = [];

    /// <exception cref="MixException">A model is missing, is no dense model, or does not fit the first expert.</exception>
    /// <exception cref="CheckpointException">A model cannot be read.</exception>
    public MixSources(IReadOnlyList<MixSource> models, MixtureSpec spec)
    {
        Experts = spec.Experts.Count == 0 ? models : [.. spec.Experts.Select(name => Find(models, spec, "expert", name))];
        if (Experts.Count == 0)
            throw new MixException($"mixture '{spec.Name}' has no experts; it needs at least one dense model");
        if (spec.Kind == MixtureKind.Dense && Experts.Count > 1)
            throw new MixException($"'{spec.Name}' is a dense model and cannot be made of {Experts.Count}: {Names(Experts)}; name one");
        if (spec is { Kind: MixtureKind.Upcycled, Attention: AttentionMode.Seed })
            Attention = Find(models, spec, "the source of its attention", SeedModelSpec.MemberName);
        Config = Experts[0].Checkpoint.Config;
        try
        {
            foreach (var source in Attention is null ? Experts : Experts.Append(Attention))
            {
                if (!_files.ContainsKey(source.Checkpoint.Folder))
                    _files[source.Checkpoint.Folder] = Open(source);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>In the order of the mixture; one may stand more than once.</summary>
    public IReadOnlyList<MixSource> Experts { get; }

    /// <summary>The one source of all attention; null when every expert gives its own.</summary>
    public MixSource? Attention { get; }

    /// <summary>What all sources are.</summary>
    public ModelConfig Config { get; }

    /// <summary>Files of the tokenizer, which the mixture takes over; none for bytes.</summary>
    public IEnumerable<string> TokenizerFiles => Tokenizer(Experts[0]).Select(file => file.Key);

    /// <summary>Weights of a source.</summary>
    public SafeTensorsFile this[MixSource source] => _files[source.Checkpoint.Folder];

    public void Dispose()
    {
        foreach (var file in _files.Values)
            file.Dispose();
    }

    private SafeTensorsFile Open(MixSource source)
    {
        var first = Experts[0];
        var config = source.Checkpoint.Config;
        MixException Misfit(string what) => new($"'{source.Name}' does not fit '{first.Name}': {what}; all sources must come from one seed model");
        if (config.Architecture != Architecture.Dense)
            throw new MixException($"'{source.Name}' ({source.Checkpoint.Folder}) is a mixture; only dense models can be mixed");
        if (config.Differences(Config) is [var (key, here, there), ..])
            throw Misfit($"{key} is {here}, not {there}");
        if (Tokenizer(source).FirstOrDefault(file => Tokenizer(first).Any(its => its.Key == file.Key && its.Value != file.Value)) is { Key: { } name })
            throw Misfit($"{name} is another file");
        var weights = source.Checkpoint.OpenModel();
        try
        {
            ModelFolder.Check(config, weights, source.Checkpoint.Folder);
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private static IEnumerable<KeyValuePair<string, FileEntry>> Tokenizer(MixSource source) =>
        source.Checkpoint.Manifest.Files.Where(file => file.Key.StartsWith("tokenizer.", StringComparison.Ordinal));

    private static MixSource Find(IReadOnlyList<MixSource> models, MixtureSpec spec, string role, string name) =>
        models.FirstOrDefault(model => model.Name == name) ??
        throw new MixException($"mixture '{spec.Name}': {role} '{name}' is none of the dense models ({Names(models)})");

    private static string Names(IEnumerable<MixSource> models) => string.Join(", ", models.Select(model => model.Name));
}
