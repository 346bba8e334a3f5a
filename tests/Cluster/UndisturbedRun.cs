using System.Collections.Concurrent;

namespace Bam.Cluster;

/// <summary>The small run on three silos with nothing in its way: what disturbed runs are held against, and what was scraped meanwhile.</summary>
public sealed class UndisturbedRun : IAsyncLifetime
{
    internal RunView View { get; private set; } = null!;

    /// <summary>Names of the series seen at /metrics while it trained.</summary>
    internal ConcurrentDictionary<string, byte> Metrics { get; } = new();

    /// <summary>What /health/ready and /health/live answered meanwhile.</summary>
    internal ConcurrentBag<int> Health { get; } = [];

    /// <summary>Files of the report that was made of it, by name.</summary>
    internal IReadOnlyDictionary<string, byte[]> Report { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await using var cluster = await TestCluster.Up(silos: 3);
        await cluster.Launch(SmallRun.Write(cluster.Home));
        using var ended = new CancellationTokenSource();
        var scraping = Scrape(cluster.HttpPorts(), ended.Token);
        View = await cluster.Completed(SmallRun.Name);
        await ended.CancelAsync();
        await scraping;
        var report = Path.Combine(cluster.Home, "report");
        (await BamProcess.Run("report", SmallRun.Name, "--out", report, "--home", cluster.Home)).MustSucceed();
        Report = Directory.EnumerateFiles(report).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task Scrape(IReadOnlyList<int> ports, CancellationToken cancellation)
    {
        using var http = new HttpClient();
        while (!cancellation.IsCancellationRequested)
        {
            foreach (var port in ports)
            {
                foreach (var line in (await http.GetStringAsync($"http://127.0.0.1:{port}/metrics", CancellationToken.None)).Split('\n'))
                {
                    if (line.Length > 0 && line[0] != '#')
                        Metrics[line[..line.IndexOfAny(['{', ' '])]] = 0;
                }

                foreach (var check in new[] { "live", "ready" })
                    Health.Add((int)(await http.GetAsync($"http://127.0.0.1:{port}/health/{check}", CancellationToken.None)).StatusCode);
            }

            await Task.Delay(500, CancellationToken.None);
        }
    }
}
