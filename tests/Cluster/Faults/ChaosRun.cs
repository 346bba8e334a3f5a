namespace Bam.Cluster.Faults;

/// <summary>The run that chaos disturbs: as small as that of the other faults, and long enough for several of them.</summary>
internal static class ChaosRun
{
    public const string Reference = "undisturbed-long";

    /// <summary>Writes the run file; its texts lie beside it. The weights do not depend on the name.</summary>
    /// <returns>Path of the run file.</returns>
    public static string Write(string folder, string name)
    {
        var path = Path.Combine(folder, $"{name}.yaml");
        File.WriteAllText(path, $$"""
            name: {{name}}
            seed: 29
            model: { layers: 2, width: 32, heads: 4, kv_heads: 2, ffn: 64, context: 32 }
            domains:
              general: { train: general.txt, validation: general.val.txt }
              law: { train: law.txt, validation: law.val.txt }
              math: { train: math.txt, validation: math.val.txt }
              code: { train: code.txt, validation: code.val.txt }
            train: { batch: 4, learning_rate: 2e-3, warmup: 5, precision: fp32 }
            seed_model: { domains: { general: 1 }, steps: 800 }
            branches:
              law: { domains: { law: 0.9, general: 0.1 }, steps: 2000 }
              math: { domains: { math: 0.9, general: 0.1 }, steps: 2000 }
              code: { domains: { code: 0.9, general: 0.1 }, steps: 2000 }
            mixtures:
              bam: { attention: soft, kv: experts, steps: 600 }
              btx: { attention: averaged, steps: 600 }
            checkpoints: { every: 50, keep: 3 }
            evaluate: { every: 0, tokens: 1000 }
            """);
        return path;
    }
}
