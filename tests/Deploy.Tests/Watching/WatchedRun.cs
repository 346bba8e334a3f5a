using System.Collections.Concurrent;
using System.Diagnostics;
using Bam.Cluster;
using Bam.Cluster.Faults;
using Bam.Deploy.Tests.Rules;

namespace Bam.Deploy.Tests.Watching;

/// <summary>
/// A run on real silos under the eyes of a real Prometheus: two branches and a mixture, and one silo that dies on the way. What is asked of it
/// afterwards is asked of Prometheus, which still stands.
/// </summary>
public sealed class WatchedRun : IAsyncLifetime
{
    public const string Name = "watched";

    public static readonly string[] Models = ["seed", "law", "math", "bam"], Domains = ["general", "law", "math"];

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private const int SeedSteps = 150, BranchSteps = 400, MixtureSteps = 400;

    private readonly string _folder = Directory.CreateTempSubdirectory("bam-watched-").FullName;
    private LoopbackServer? _exporter, _traces;

    internal PrometheusServer Prometheus { get; private set; } = null!;

    internal DateTimeOffset Began { get; private set; }

    internal DateTimeOffset Ended { get; private set; }

    internal RunView View { get; private set; } = null!;

    /// <summary>The newest exposition of every silo while the mixture trained, and one of a silo that coordinates.</summary>
    internal ConcurrentBag<string> Expositions { get; } = [];

    /// <summary>Requests to the trace receiver.</summary>
    internal IReadOnlyCollection<(string Path, string Body)> Traces => _traces!.Requests;

    public async ValueTask InitializeAsync()
    {
        if (!Debian.Has("prometheus"))
            return;   // the tests say so, each for itself
        _traces = new LoopbackServer("");
        _exporter = new LoopbackServer(NvidiaExporter.Exposition);
        await using var cluster = await TestCluster.Up(silos: 2, environment:
        [
            new("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{_traces.Port}"),
            new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            new("OTEL_BSP_SCHEDULE_DELAY", "500"),
        ]);
        Prometheus = await PrometheusServer.Start(_folder, Path.Combine(cluster.Home, "targets.json"), _exporter.Port);
        var orders = new FaultOrders(cluster.Faults);
        var death = orders.Order("die", "step", "law", (BranchSteps / 2) + 30);   // between two checkpoints
        Began = DateTimeOffset.UtcNow;
        await cluster.Launch(Write(cluster.Home));
        await orders.UntilFired(death);
        using var ended = new CancellationTokenSource();
        var scraping = Scrape(cluster.HttpPorts(), ended.Token);
        await UntilEnded();
        View = await cluster.Completed(Name);
        await Task.Delay(TimeSpan.FromSeconds(2.5));   // the end is scraped, and recorded from what was scraped
        await ended.CancelAsync();
        await scraping;
        Ended = DateTimeOffset.UtcNow;
    }

    public async ValueTask DisposeAsync()
    {
        if (Prometheus is { } prometheus)
            await prometheus.DisposeAsync();
        _exporter?.Dispose();
        _traces?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // By Prometheus, which looks anyway: a console a second would take the processors from the run.
    private async Task UntilEnded()
    {
        var began = Stopwatch.GetTimestamp();
        while ((await Prometheus.Get("/api/v1/query", ("query", "bam_run_phase{phase=~\"completed|failed|cancelled\"} == 1"))).GetProperty("result").GetArrayLength() == 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Limit, "the run has not ended");
            await Task.Delay(500);
        }
    }

    private async Task Scrape(IReadOnlyList<int> ports, CancellationToken cancellation)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        while (!cancellation.IsCancellationRequested)
        {
            foreach (var port in ports)
            {
                try
                {
                    Expositions.Add(await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"), CancellationToken.None));
                }
                catch (HttpRequestException)
                {
                    // The one that died is on its way back.
                }
            }

            await Task.Delay(2000, CancellationToken.None);
        }
    }

    private static string Write(string folder)
    {
        SmallRun.WriteTexts(folder);
        var path = Path.Combine(folder, "watched.yaml");
        File.WriteAllText(path, $$"""
            name: {{Name}}
            seed: 29
            model: { layers: 2, width: 48, heads: 4, kv_heads: 2, ffn: 96, context: 64 }
            {{SmallRun.ThreeDomains}}
            train: { batch: 8, learning_rate: 2e-3, warmup: 10, precision: fp32 }
            seed_model: { domains: { general: 1 }, steps: {{SeedSteps}} }
            branches:
              law: { domains: { law: 0.9, general: 0.1 }, steps: {{BranchSteps}} }
              math: { domains: { math: 0.9, general: 0.1 }, steps: {{BranchSteps}} }
            mixtures:
              bam: { attention: soft, kv: experts, steps: {{MixtureSteps}} }
            checkpoints: { every: 50, keep: 2 }
            evaluate: { every: 100, tokens: 2000 }
            """);
        return path;
    }
}
