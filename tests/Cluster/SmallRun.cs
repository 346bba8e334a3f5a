namespace Bam.Cluster;

/// <summary>A run that a laptop trains in half a minute, with its text.</summary>
internal static class SmallRun
{
    public const string Name = "small-run";

    /// <summary>What a run file says of the texts that <see cref="WriteTexts"/> writes.</summary>
    public const string ThreeDomains = """
        domains:
          general: { train: general.txt, validation: general.val.txt }
          law: { train: law.txt, validation: law.val.txt }
          math: { train: math.txt, validation: math.val.txt }
        """;

    public const string FourDomains = $$"""
        {{ThreeDomains}}
          code: { train: code.txt, validation: code.val.txt }
        """;

    /// <summary>The models that it trains.</summary>
    public static readonly string[] Trained = ["seed", "law", "math", "code", "bam", "bam-shared", "btx"];

    /// <summary>Writes the run file and its data below a folder.</summary>
    /// <returns>Path of the run file.</returns>
    public static string Write(string folder)
    {
        WriteTexts(folder);
        var path = Path.Combine(folder, "run.yaml");
        File.WriteAllText(path, $$"""
            name: {{Name}}
            seed: 11
            model: { layers: 2, width: 64, heads: 4, kv_heads: 2, ffn: 160, context: 64 }
            {{FourDomains}}
            train: { batch: 8, learning_rate: 2e-3, warmup: 20, precision: fp32 }
            seed_model: { domains: { general: 1 }, steps: 300 }
            branches:
              law: { domains: { law: 0.9, general: 0.1 }, steps: 500 }
              math: { domains: { math: 0.9, general: 0.1 }, steps: 500 }
              code: { domains: { code: 0.9, general: 0.1 }, steps: 500 }
            mixtures:
              bam: { attention: soft, kv: experts, steps: 200 }
              bam-shared: { attention: soft, kv: shared, steps: 200 }
              btx: { attention: averaged, steps: 200 }
            checkpoints: { every: 50, keep: 2 }
            evaluate: { every: 0, tokens: 2000 }
            """);
        return path;
    }

    /// <summary>Four domains: for each NAME the files <c>NAME.txt</c> and <c>NAME.val.txt</c>.</summary>
    public static void WriteTexts(string folder)
    {
        Text(folder, "general", i => $"The {Animal(i)} of {Place(i)} went to the {Place(i + 3)} and saw a {Animal(i + 1)}. ");
        Text(folder, "law", i => $"Section {i}. ({(char)('a' + i % 5)}) The {Place(i)} shall pay the {Animal(i)} {i % 90} dollars under section {i / 2}. ");
        Text(folder, "math", i => $"{i} + {i % 37} = {i + i % 37}; {i % 12} * {i % 11} = {i % 12 * (i % 11)}. ");
        Text(folder, "code", i => $"def f{i % 50}(x):\n    return x + {i % 17}\n");
    }

    private static void Text(string folder, string domain, Func<int, string> line)
    {
        File.WriteAllText(Path.Combine(folder, $"{domain}.txt"), string.Concat(Enumerable.Range(0, 3000).Select(line)));
        File.WriteAllText(Path.Combine(folder, $"{domain}.val.txt"), string.Concat(Enumerable.Range(5000, 100).Select(line)));
    }

    private static string Animal(int i) => new[] { "fox", "heron", "badger", "otter", "crow", "hare", "stoat" }[i % 7];

    private static string Place(int i) => new[] { "mill", "harbour", "forest", "tower", "bridge", "market", "garden", "court" }[i * 5 % 8];
}
