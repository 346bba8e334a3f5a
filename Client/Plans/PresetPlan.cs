using Bam.Client.RunFiles;
using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Client.Plans;

/// <summary>The paper's own comparison (tables 4, 5, 7 and 9) for a preset's shape; nothing is allocated.</summary>
/// <param name="Preset">Name of the preset.</param>
/// <param name="Context">Context of the FLOPs, the paper's.</param>
/// <param name="Models">The dense model, BAM and BTX.</param>
internal sealed record PresetPlan(string Preset, int Context, IReadOnlyList<PresetRow> Models)
{
    private const int PaperContext = 256, PaperExperts = 4;

    public static PresetPlan Of(string preset)
    {
        var dense = ModelConfig.Dense(Presets.All[preset] with { Context = PaperContext }, "bytes", 257);
        var figures = preset == "paper-590m" ? PaperFigures.Small : new Dictionary<string, PaperFigures>();
        var bam = new MixtureSpec { Name = "bam", Steps = 1, Experts = Names(PaperExperts) };
        var btx = bam with { Attention = AttentionMode.Averaged };
        return new(preset, PaperContext,
        [
            Row("dense", dense),
            Row("BAM, KV experts", dense.Mixture(bam)),
            Row("BAM, KV sharing", dense.Mixture(bam with { Kv = KvMode.Shared })),
            .. Enumerable.Range(PaperExperts, 5).Select(n => Row($"BTX, {n} experts", dense.Mixture(btx with { Experts = Names(n) }))),
            Row("BTX, 6 experts, top-3", dense.Mixture(btx with { Experts = Names(6), FfnTopK = 3 })),
        ]);

        PresetRow Row(string model, ModelConfig config) => PresetRow.Of(model, config, figures.GetValueOrDefault(model, PaperFigures.None));
    }

    private static IReadOnlyList<string> Names(int experts) => [.. Enumerable.Range(1, experts).Select(i => $"{i}")];
}
