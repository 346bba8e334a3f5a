using Bam.Contracts.Runs;
using Bam.Training.Data;

namespace Bam.Client.RunFiles;

internal sealed partial class RunFileReader
{
    private const int MaxLayers = 1024, MaxWidth = 1 << 16, MaxFfn = 1 << 20, MaxTokens = 1 << 24;

    private static readonly string[] ModelKeys =
    [
        "preset", "layers", "width", "heads", "kv_heads", "ffn", "context", "tied", "vocab", "norm", "norm_eps", "rope_theta",
        "rope_interleaved",
    ];

    private static readonly string[] RequiredModelKeys = ["layers", "width", "heads", "ffn", "context"];

    private static readonly Dictionary<string, NormKind> Norms =
        new() { ["layernorm"] = NormKind.LayerNorm, ["rmsnorm"] = NormKind.RmsNorm };

    private YamlSection ModelSection => field ??= _root.Section("model");

    /// <summary>A preset's name, or a mapping that states the shape or overrides a preset. Tiny stands in for a wrong one.</summary>
    private ModelSpec Model(string tokenizer)
    {
        var fallback = Presets.All["tiny"];
        if (!_root.Require("model")) return fallback;
        if (_root.Node("model") is YamlScalar) return Preset(_root, "model") ?? fallback;
        var section = ModelSection;
        if (section.Broken) return fallback;

        section.Allow(ModelKeys);
        var preset = section.Has("preset") ? Preset(section, "preset") : null;
        // Count and not All: each missing key is to be reported.
        if (!section.Has("preset") && RequiredModelKeys.Count(section.Require) < RequiredModelKeys.Length) return fallback;

        var shape = preset ?? fallback;
        var heads = section.Int("heads", shape.Heads, max: MaxWidth);
        shape = shape with
        {
            Layers = section.Int("layers", shape.Layers, max: MaxLayers),
            Width = section.Int("width", shape.Width, max: MaxWidth),
            Heads = heads,
            KvHeads = section.Int("kv_heads", preset is null || section.Has("heads") ? heads : shape.KvHeads, max: MaxWidth),
            Ffn = section.Int("ffn", shape.Ffn, max: MaxFfn),
            Context = section.Int("context", shape.Context, min: 8, max: MaxTokens),
            Tied = section.Flag("tied", shape.Tied),
            Vocab = section.Int("vocab", shape.Vocab, min: 1, max: MaxTokens),
            Norm = section.Choice("norm", shape.Norm, Norms),
            NormEps = section.Number("norm_eps", shape.NormEps, NumberRule.Positive),
            RopeTheta = section.Number("rope_theta", shape.RopeTheta, NumberRule.Positive),
            RopeInterleaved = section.Flag("rope_interleaved", shape.RopeInterleaved),
        };
        return Fits(shape, section, tokenizer) ? shape : fallback;
    }

    private static ModelSpec? Preset(YamlSection section, string key)
    {
        if (section.Text(key) is not { } name) return null;
        if (Presets.All.TryGetValue(name, out var preset)) return preset;
        section.Problem(key, $"no such preset '{name}'{NearestName.Hint(name, "presets", [.. Presets.All.Keys])}");
        return null;
    }

    private static bool Fits(ModelSpec shape, YamlSection section, string tokenizer)
    {
        var tokens = Tokenizers.VocabSize(tokenizer);
        if (shape.Width % shape.Heads != 0)
            section.Problem(
                "heads", $"{shape.Heads} heads do not divide the width {shape.Width}{NearestDivisor(shape.Width, shape.Heads)}");
        else if (shape.Width / shape.Heads % 2 != 0)
            section.Problem(
                "heads", $"the head width {shape.Width / shape.Heads} (width {shape.Width} / {shape.Heads} heads) must be even for RoPE");
        else if (shape.Heads % shape.KvHeads != 0)
            section.Problem(
                "kv_heads",
                $"{shape.KvHeads} key and value heads do not divide {shape.Heads} heads{NearestDivisor(shape.Heads, shape.KvHeads)}");
        else if (shape.Vocab > 0 && shape.Vocab < tokens)
            section.Problem("vocab", $"{shape.Vocab} is less than the {tokens} tokens of {tokenizer}");
        else
            return true;
        return false;
    }

    private static string NearestDivisor(int whole, int wanted) =>
        $"; {Enumerable.Range(1, whole).Where(part => whole % part == 0).MinBy(part => Math.Abs((long)part - wanted))} would";

    /// <summary>Matrix units want multiples of 8 in bfloat16.</summary>
    private void CheckPrecision(RunSpec spec)
    {
        var trained = spec.Branches.Select(branch => branch.Train).Concat(spec.Mixtures.Select(mixture => mixture.Train));
        if (spec.SeedModel.Checkpoint is null) trained = trained.Append(spec.SeedModel.Train);
        if (trained.All(train => train.Precision != Precision.BFloat16)) return;

        var headWidth = spec.Model.Width / spec.Model.Heads;
        Check("width", "width", spec.Model.Width);
        Check("heads", "head width", headWidth);
        Check("ffn", "ffn", spec.Model.Ffn);

        void Check(string key, string what, int size)
        {
            if (size % 8 != 0) ModelSection.Problem(key, $"the {what} {size} must be a multiple of 8 for precision bf16");
        }
    }
}
