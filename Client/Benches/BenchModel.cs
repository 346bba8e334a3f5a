using Bam.Client.Clusters;
using Bam.Client.RunFiles;
using Bam.Client.Verbs;
using Bam.Contracts.Runs;
using Bam.Training.Data;
using Bam.Training.Model;

namespace Bam.Client.Benches;

/// <summary>A model whose training step can be measured.</summary>
internal sealed record BenchModel(string Name, ModelConfig Config, TrainSpec Train)
{
    private const int PresetBatch = 8;
    private const string Tokenizer = "bytes";

    /// <summary>The model of that name in a run file, or of a preset's shape.</summary>
    /// <param name="what">Run file, or a preset where no file has its name.</param>
    /// <param name="model">Name; null for the first.</param>
    /// <param name="experts">Experts of a preset's mixtures.</param>
    /// <exception cref="UserException">There is no such model.</exception>
    public static BenchModel Of(string what, string? model, int experts)
    {
        var all = !File.Exists(what) && Presets.All.TryGetValue(what, out var shape) ? OfPreset(shape, experts) : OfRun(what);
        if (model is null)
            return all[0];
        return all.FirstOrDefault(one => one.Name == model) ?? throw new UserException(
            $"--model: {what} has no model '{model}'{NearestName.Hint(model, "models", [.. all.Select(one => one.Name)])}", ExitCode.InputWrong);
    }

    /// <summary>Dense and mixed models of one shape, as reference/torch_bam.py names them.</summary>
    private static IReadOnlyList<BenchModel> OfPreset(ModelSpec shape, int experts)
    {
        var train = new TrainSpec { Batch = PresetBatch, LearningRate = 1e-4 };
        var dense = ModelConfig.Dense(shape, Tokenizer, Tokenizers.VocabSize(Tokenizer));
        var bam = new MixtureSpec { Name = "bam", Steps = 1, Experts = [.. Enumerable.Range(1, experts).Select(i => $"{i}")] };
        return
        [
            new("dense", dense, train),
            new("btx", dense.Mixture(bam with { Attention = AttentionMode.Averaged }), train),
            new("bam", dense.Mixture(bam), train),
            new("bam-kv", dense.Mixture(bam with { Kv = KvMode.Shared }), train),
        ];
    }

    private static IReadOnlyList<BenchModel> OfRun(string file)
    {
        if (!File.Exists(file) && NearestName.Of(file, Presets.All.Keys) is { } preset)
            throw new UserException($"{file}: no such run file; did you mean the preset '{preset}'?", ExitCode.InputWrong);
        var spec = RunFileReader.Read(file);
        var dense = ModelConfig.Dense(spec.Model, spec.Tokenizer, Tokenizers.VocabSize(spec.Tokenizer));
        return
        [
            new(SeedModelSpec.MemberName, dense, spec.SeedModel.Train),
            .. spec.Branches.Select(branch => new BenchModel(branch.Name, dense, branch.Train)),
            .. spec.Mixtures.Where(mixture => mixture.Kind != MixtureKind.Ensemble)
                .Select(mixture => new BenchModel(mixture.Name, dense.Mixture(mixture), mixture.Train)),
        ];
    }
}
