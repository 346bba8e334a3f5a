using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Training.Tests.Model;

/// <summary>Small models that differ in everything the arithmetic depends on.</summary>
internal static class Shapes
{
    public static readonly ModelConfig Dense = new()
    {
        Vocab = 64,
        Layers = 2,
        Width = 32,
        Heads = 4,
        KvHeads = 2,
        Ffn = 24,
        Context = 16,
    };

    public static TheoryData<string> Names => [.. All.Keys];

    public static IReadOnlyDictionary<string, ModelConfig> All { get; } = new Dictionary<string, ModelConfig>
    {
        ["dense"] = Dense,
        ["dense, untied, rms norm, half-split rope, MHA"] = Dense with
        {
            Tied = false,
            Norm = NormKind.RmsNorm,
            RopeInterleaved = false,
            KvHeads = 4,
            NormEps = 1e-6,
            RopeTheta = 500,
        },
        ["BAM, KV experts"] = Mixture(new() { Name = "m", Steps = 1 }),
        ["BAM, KV sharing"] = Mixture(new() { Name = "m", Steps = 1, Kv = KvMode.Shared }),
        ["BAM, KV sharing, MHA"] = Mixture(new() { Name = "m", Steps = 1, Kv = KvMode.Shared }) with { KvHeads = 4 },
        ["BAM, one expert"] = Mixture(new() { Name = "m", Steps = 1 }, experts: 1),
        ["BAM, top-2"] = Mixture(new() { Name = "m", Steps = 1, FfnTopK = 2 }),
        ["BAM, all experts, renormalised"] = Mixture(new() { Name = "m", Steps = 1, FfnTopK = 3, FfnRenormalise = true }),
        ["BTX"] = Mixture(new() { Name = "m", Steps = 1, Attention = AttentionMode.Averaged }),
    };

    public static ModelConfig Mixture(MixtureSpec spec, int experts = 3) =>
        Dense.Mixture(spec with { Experts = [.. Enumerable.Range(0, experts).Select(i => $"expert-{i}")] });
}
