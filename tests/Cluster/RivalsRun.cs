using System.Globalization;
using System.Text.Json;

namespace Bam.Cluster;

/// <summary>A tiny run of BAM and all of its rivals, then the same run with a domain, a branch and a mixture more; and what was asked of it.</summary>
public sealed class RivalsRun : IAsyncLifetime
{
    public const string Name = "rivals";

    public static readonly string[] Dense = ["seed", "law", "math"];

    /// <summary>Mixtures that are upcycled, with their experts.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Upcycled = new Dictionary<string, string[]>
    {
        ["bam"] = ["seed", "law", "math"],
        ["top-1"] = ["seed", "law", "math"],
        ["sparse"] = ["seed", "seed"],
        ["drop"] = ["seed", "law", "math", "seed"],
        ["routers-first"] = ["seed", "law", "math"],
        ["soft-ffn"] = ["seed", "law", "math"],
        ["btx"] = ["seed", "law", "math"],
    };

    /// <summary>Mixtures with the training FLOPs of <c>bam</c>.</summary>
    public static readonly string[] Matched = ["top-1", "sparse", "drop", "routers-first", "soft-ffn", "more-dense"];

    private const string RunFile = $$"""
        name: {{Name}}
        seed: 5
        model: { layers: 2, width: 32, heads: 4, kv_heads: 2, ffn: 48, context: 32 }
        {{SmallRun.ThreeDomains}}
        train: { batch: 8, learning_rate: 2e-3, warmup: 5, precision: fp32 }
        seed_model: { domains: { general: 1 }, steps: 60 }
        branches:
          law: { domains: { law: 0.9, general: 0.1 }, steps: 60 }
          math: { domains: { math: 0.9, general: 0.1 }, steps: 60 }
        mixtures:
          bam: { experts: [seed, law, math], steps: 40 }
          top-1: { experts: [seed, law, math], attention: top_1, kv: shared, router_init: ridge, rescale_ffn: true, match: compute }
          sparse: { experts: [seed, seed], attention: seed, match: compute }
          drop: { experts: [seed, law, math, seed], ffn_reinitialise: 0.5, match: compute }
          routers-first: { experts: [seed, law, math], frozen: all_but_routers, frozen_steps: 10, match: compute }
          soft-ffn: { experts: [seed, law, math], ffn_top_k: soft, match: compute }
          btx: { attention: averaged, match: data }
          more-dense: { dense: seed, match: compute }
          btm: { ensemble: true }
        checkpoints: { every: 1000, keep: 2 }
        evaluate: { every: 0, tokens: 1M }
        """;

    /// <summary>The run when it had completed first.</summary>
    internal RunView First { get; private set; } = null!;

    /// <summary>What <c>bam status</c> showed then.</summary>
    internal string Table { get; private set; } = "";

    /// <summary>Receipts of the mixtures' last checkpoints then.</summary>
    internal IReadOnlyDictionary<string, JsonElement> Receipts { get; private set; } = null!;

    /// <summary>What <c>bam eval</c> found of <c>bam</c> on the text of math, by batch.</summary>
    internal IReadOnlyDictionary<int, JsonElement> Evaluated { get; private set; } = null!;

    /// <summary>What <c>bam generate</c> wrote with <c>bam</c>.</summary>
    internal JsonElement Generated { get; private set; }

    /// <summary>The launch of the file with more in it.</summary>
    internal BamOutcome Extension { get; private set; } = null!;

    /// <summary>The run when it had completed again.</summary>
    internal RunView Second { get; private set; } = null!;

    /// <summary>The launch of the file with a mistake in it.</summary>
    internal BamOutcome Mistake { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await using var cluster = await TestCluster.Up(silos: 2);
        var path = Path.Combine(cluster.Home, "rivals.yaml");
        SmallRun.WriteTexts(cluster.Home);
        await File.WriteAllTextAsync(path, RunFile);
        await cluster.Launch(path);
        First = await cluster.Completed(Name);
        Receipts = Upcycled.Keys.Append("more-dense").ToDictionary(name => name, Receipt);
        Table = (await Bam(cluster, "status", Name)).MustSucceed().Output;
        var text = Path.Combine(cluster.Home, "math.val.txt");
        var evaluated = new Dictionary<int, JsonElement>();
        foreach (var batch in new[] { 1, 7, 32 })
        {
            evaluated[batch] = Json(await Bam(
                cluster, "eval", $"{Name}/bam", "--data", text, "--batch", batch.ToString(CultureInfo.InvariantCulture), "--json")).GetProperty("evaluations")[0];
        }

        Evaluated = evaluated;
        Generated = Json(await Bam(cluster, "generate", $"{Name}/bam", "Section 12. ", "", "--tokens", "12", "--temperature", "0", "--json"));

        var more = RunFile
            .Replace("train: {", "  code: { train: code.txt, validation: code.val.txt }\ntrain: {", StringComparison.Ordinal)
            .Replace("mixtures:", "  code: { domains: { code: 0.9, general: 0.1 }, steps: 60 }\nmixtures:", StringComparison.Ordinal)
            .Replace("checkpoints:", "  bam-more: { steps: 20 }\ncheckpoints:", StringComparison.Ordinal);
        await File.WriteAllTextAsync(path, more.Replace("attention: top_1", "attention: sof", StringComparison.Ordinal));
        Mistake = await Bam(cluster, "launch", path, "--detach");
        await File.WriteAllTextAsync(path, more);
        Extension = (await Bam(cluster, "launch", path, "--detach")).MustSucceed();
        Second = await cluster.Completed(Name);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Task<BamOutcome> Bam(TestCluster cluster, params string[] arguments) => BamProcess.Run([.. arguments, "--home", cluster.Home]);

    private JsonElement Receipt(string mixture)
    {
        var path = Path.Combine(First.Member(mixture).GetProperty("checkpoint_folder").GetString()!, "receipt.json");
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.Clone();
    }

    private static JsonElement Json(BamOutcome outcome)
    {
        using var document = JsonDocument.Parse(outcome.MustSucceed().Output);
        return document.RootElement.Clone();
    }
}
