using Bam.Contracts.Runs;

namespace Bam.Client.RunFiles;

/// <summary>
/// Shapes of models by name. The paper's two are those of BAM's table 1 with Cohere's vocabulary; 110m and 518m those that the speed of a step is
/// measured with.
/// </summary>
internal static class Presets
{
    public static readonly IReadOnlyDictionary<string, ModelSpec> All = new Dictionary<string, ModelSpec>
    {
        ["tiny"] = new() { Layers = 4, Width = 128, Heads = 4, KvHeads = 4, Ffn = 352, Context = 128 },
        ["small"] = new() { Layers = 6, Width = 256, Heads = 8, KvHeads = 8, Ffn = 704, Context = 256 },
        ["110m"] = new() { Layers = 12, Width = 768, Heads = 12, KvHeads = 12, Ffn = 2048, Context = 1024, Vocab = 32_768 },
        ["518m"] = new() { Layers = 24, Width = 1280, Heads = 20, KvHeads = 20, Ffn = 3456, Context = 2048, Vocab = 32_768 },
        ["paper-590m"] =
            new() { Layers = 6, Width = 1024, Heads = 8, KvHeads = 8, Ffn = 2048, Context = 2048, Vocab = 256_000, Tied = false },
        ["paper-2b"] = new() { Layers = 18, Width = 2304, Heads = 18, KvHeads = 6, Ffn = 9216, Context = 2048, Vocab = 256_000 },
    };
}
