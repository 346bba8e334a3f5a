namespace Bam.Cluster.Faults;

/// <summary>A run of seconds: a seed model, three branches and two mixtures, with a checkpoint each twenty steps.</summary>
internal static class FaultRun
{
    public const int SeedSteps = 60, BranchSteps = 120, MixtureSteps = 60, Every = 20, Batch = 4, Context = 32;

    public static readonly string[] Branches = ["law", "math", "code"], Mixtures = ["bam", "btx"], Models = ["seed", .. Branches, .. Mixtures];

    public static int Steps(string member) => member == "seed" ? SeedSteps : Branches.Contains(member) ? BranchSteps : MixtureSteps;

    /// <summary>Writes the run file; its texts lie beside it. The weights do not depend on the name.</summary>
    /// <returns>Path of the run file.</returns>
    public static string Write(string folder, string name, string more = "") => Write(folder, name, 23, SeedSteps, BranchSteps, MixtureSteps, Every, more);

    /// <summary>The same with lengths of its own.</summary>
    public static string Write(string folder, string name, int seed, int seedSteps, int branchSteps, int mixtureSteps, int every, string more = "")
    {
        var path = Path.Combine(folder, $"{name}.yaml");
        File.WriteAllText(path, $$"""
            name: {{name}}
            seed: {{seed}}
            model: { layers: 2, width: 32, heads: 4, kv_heads: 2, ffn: 64, context: {{Context}} }
            {{SmallRun.FourDomains}}
            train: { batch: {{Batch}}, learning_rate: 2e-3, warmup: 5, precision: fp32 }
            seed_model: { domains: { general: 1 }, steps: {{seedSteps}} }
            branches:
              law: { domains: { law: 0.9, general: 0.1 }, steps: {{branchSteps}} }
              math: { domains: { math: 0.9, general: 0.1 }, steps: {{branchSteps}} }
              code: { domains: { code: 0.9, general: 0.1 }, steps: {{branchSteps}} }
            mixtures:
              bam: { attention: soft, kv: experts, steps: {{mixtureSteps}} }
              btx: { attention: averaged, steps: {{mixtureSteps}} }
            checkpoints: { every: {{every}}, keep: 3 }
            evaluate: { every: 0, tokens: 1000 }
            {{more}}
            """);
        return path;
    }
}
