using Bam.Contracts.Runs;

namespace Bam.Client.RunFiles;

/// <summary>Shapes of models by name. The paper's two are those of BAM's table 1 with Cohere's vocabulary.</summary>
internal static class Presets
{
    public static readonly IReadOnlyDictionary<string, ModelSpec> All = new Dictionary<string, ModelSpec>
    {
        ["tiny"] = new() { Layers = 4, Width = 128, Heads = 4, KvHeads = 4, Ffn = 352, Context = 128 },
        ["small"] = new() { Layers = 6, Width = 256, Heads = 8, KvHeads = 8, Ffn = 704, Context = 256 },
        ["paper-590m"] =
            new() { Layers = 6, Width = 1024, Heads = 8, KvHeads = 8, Ffn = 2048, Context = 2048, Vocab = 256_000, Tied = false },
        ["paper-2b"] = new() { Layers = 18, Width = 2304, Heads = 18, KvHeads = 6, Ffn = 9216, Context = 2048, Vocab = 256_000 },
    };
}
