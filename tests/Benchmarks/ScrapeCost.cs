using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Bam.Cluster;
using Bam.Training.Corpora;

namespace Bam.Benchmarks;

/// <summary>
/// Tokens a second of a real silo's training while it is asked each second, by Prometheus or by a page, against the same while it is left alone: windows of one run,
/// alternating, in pairs that begin with either. The counters are read at the windows' ends. On a busy host speeds are noise; the processor
/// time of all threads but the one that trains is not.
/// </summary>
internal static partial class ScrapeCost
{
    private const string Run = "scraped";

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10), Interval = TimeSpan.FromSeconds(1);

    /// <param name="Alone">Tokens a second.</param>
    /// <param name="Scraped">Tokens a second.</param>
    /// <param name="AloneCores">Cores that the silo's other threads used meanwhile.</param>
    /// <param name="ScrapedCores">The same.</param>
    /// <param name="ScrapeSeconds">Time of a scrape.</param>
    /// <param name="Bytes">Size of what was scraped.</param>
    public sealed record Round(double Alone, double Scraped, double AloneCores, double ScrapedCores, double ScrapeSeconds, long Bytes);

    /// <summary>What Prometheus asks.</summary>
    public static readonly string[] Metrics = ["/metrics"];

    /// <summary>What a page asks; the first and the last two, every other second only.</summary>
    public static readonly string[] Page = ["/api/cluster", $"/api/runs/{Run}", $"/api/runs/{Run}/events?after=0", "/api/runs", $"/api/runs/{Run}/history"];

    /// <param name="options">Shape, batch and rounds.</param>
    /// <param name="paths">What is asked each second.</param>
    public static async Task<List<Round>> Measure(BenchmarkOptions options, IReadOnlyList<string> paths)
    {
        await using var cluster = await TestCluster.Up(silos: 1);
        BuiltInCorpus.Write(cluster.Home, seed: 1, trainBytes: 2_000_000, validationBytes: 50_000);
        var file = Path.Combine(cluster.Home, "scraped.yaml");
        var shape = options.Shape();
        await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $$"""
            name: {{Run}}
            seed: 1
            model: { layers: {{shape.Layers}}, width: {{shape.Width}}, heads: {{shape.Heads}}, kv_heads: {{shape.KvHeads}}, ffn: {{shape.Ffn}}, context: {{shape.Context}} }
            domains:
              general: { train: general.train.jsonl, validation: general.validation.jsonl }
              law: { train: law.train.jsonl, validation: law.validation.jsonl }
            train: { batch: {{options.Batch}}, precision: fp32 }
            seed_model: { domains: { general: 1 }, steps: 1000000 }
            branches: { law: { domains: { law: 1 }, steps: 1 } }
            mixtures: { bam: { steps: 1 } }
            checkpoints: { every: 1000000 }
            evaluate: { every: 0 }
            """));
        await cluster.Launch(file);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{cluster.HttpPorts()[0]}") };
        var silo = cluster.Processes().Values.Single();
        while (await Read(http, "bam_steps_total") < 20)
            await Task.Delay(500);

        var rounds = new List<Round>();
        for (var round = 0; round < options.Rounds; round++)
        {
            var scrapedFirst = round % 2 == 1;
            var first = await Speed(http, silo, scrapedFirst ? paths : []);
            var second = await Speed(http, silo, scrapedFirst ? [] : paths);
            var (alone, scraped) = scrapedFirst ? (second, first) : (first, second);
            rounds.Add(new Round(alone.Speed, scraped.Speed, alone.Cores, scraped.Cores, scraped.Seconds, scraped.Bytes));
        }

        return rounds;
    }

    private static async Task<(double Speed, double Cores, double Seconds, long Bytes)> Speed(HttpClient http, int silo, IReadOnlyList<string> paths)
    {
        var (began, before) = (Stopwatch.GetTimestamp(), await Read(http, "bam_tokens_total"));
        var others = OtherThreads(silo);
        var (busy, scrapes, bytes) = (TimeSpan.Zero, 0, 0L);
        while (Stopwatch.GetElapsedTime(began) < Window)
        {
            await Task.Delay(Interval);
            if (paths.Count == 0)
                continue;
            var start = Stopwatch.GetTimestamp();
            bytes = (await Task.WhenAll(paths.Select(path => http.GetStringAsync(new Uri(path, UriKind.Relative))))).Sum(text => text.Length);
            busy += Stopwatch.GetElapsedTime(start);
            scrapes++;
        }

        var cores = (OtherThreads(silo) - others) / Stopwatch.GetElapsedTime(began).TotalSeconds;
        var tokens = await Read(http, "bam_tokens_total") - before;
        return (tokens / Stopwatch.GetElapsedTime(began).TotalSeconds, cores, scrapes == 0 ? 0 : busy.TotalSeconds / scrapes, bytes);
    }

    /// <summary>Processor seconds of a silo without the thread that trains.</summary>
    private static double OtherThreads(int process) => Seconds($"/proc/{process}") - Directory.EnumerateDirectories($"/proc/{process}/task")
        .Where(thread => File.ReadAllText(Path.Combine(thread, "comm")).StartsWith("bam-", StringComparison.Ordinal)).Sum(Seconds);

    /// <summary>Processor seconds of a process or thread (proc(5), stat; clock ticks are hundredths).</summary>
    private static double Seconds(string folder)
    {
        var stat = File.ReadAllText(Path.Combine(folder, "stat"));
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    private static async Task<double> Read(HttpClient http, string counter)
    {
        var text = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return Sample().Matches(text).Where(match => match.Groups["name"].Value == counter).Sum(match => double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"^(?<name>bam_(steps|tokens)_total)\{[^}]*\} (?<value>\S+)", RegexOptions.Multiline)]
    private static partial Regex Sample();
}
