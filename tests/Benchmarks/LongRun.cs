using System.Globalization;
using Bam.Cluster;
using Bam.Training.Corpora;

namespace Bam.Benchmarks;

/// <summary>A run on a cluster of three silos whose branches train for longer than anything that is measured meanwhile.</summary>
internal static class LongRun
{
    public const string Name = "long";

    public static readonly string[] Branches = ["law", "math", "code"];

    /// <summary>Launches it with some of its branches and waits until each of these trains.</summary>
    public static async Task Launch(TestCluster cluster, BenchmarkOptions options, IReadOnlyCollection<string> branches)
    {
        BuiltInCorpus.Write(cluster.Home, seed: 1, trainBytes: 2_000_000, validationBytes: 50_000);
        var file = Path.Combine(cluster.Home, "long.yaml");
        var shape = options.Shape();
        await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $$"""
            name: {{Name}}
            seed: 1
            model: { layers: {{shape.Layers}}, width: {{shape.Width}}, heads: {{shape.Heads}}, kv_heads: {{shape.KvHeads}}, ffn: {{shape.Ffn}}, context: {{shape.Context}} }
            domains:
              general: { train: general.train.jsonl, validation: general.validation.jsonl }
              law: { train: law.train.jsonl, validation: law.validation.jsonl }
              math: { train: math.train.jsonl, validation: math.validation.jsonl }
              code: { train: code.train.jsonl, validation: code.validation.jsonl }
            train: { batch: {{options.Batch}}, precision: fp32 }
            seed_model: { domains: { general: 1 }, steps: 10 }
            branches: { {{string.Join(", ", branches.Select(branch => $"{branch}: {{ domains: {{ {branch}: 1 }}, steps: 1000000 }}"))}} }
            mixtures: { bam: { steps: 1 } }
            checkpoints: { every: 50, keep: 2 }
            evaluate: { every: 0 }
            """));
        await cluster.Launch(file);
        await cluster.Until(Name, view => branches.All(branch => view.State(branch) == "training" && view.Step(branch) > 50));
    }
}
