using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Training.Tests.Model;

/// <summary>Small models by name.</summary>
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

    public static IReadOnlyDictionary<string, ModelConfig> All { get; } = new Dictionary<string, ModelConfig>
    {
        ["dense"] = Dense,
        ["BAM, KV experts"] = Mixture(new() { Name = "m", Steps = 1 }),
        ["BAM, KV sharing"] = Mixture(new() { Name = "m", Steps = 1, Kv = KvMode.Shared }),
        ["BAM, top-2"] = Mixture(new() { Name = "m", Steps = 1, FfnTopK = 2 }),
        ["BAM, all experts, renormalised"] = Mixture(new() { Name = "m", Steps = 1, FfnTopK = 3, FfnRenormalise = true }),
        ["BAM, an FFN of 10"] = Mixture(new() { Name = "m", Steps = 1 }) with { Ffn = 10 },     // no whole 16 bytes
        ["BTX"] = Mixture(new() { Name = "m", Steps = 1, Attention = AttentionMode.Averaged }),
    };

    public static ModelConfig Mixture(MixtureSpec spec, int experts = 3) =>
        Dense.Mixture(spec with { Experts = [.. Enumerable.Range(0, experts).Select(i => $"expert-{i}")] });
}
