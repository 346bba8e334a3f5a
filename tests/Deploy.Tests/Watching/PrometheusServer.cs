using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Bam.Contracts.Tests;
using Bam.Deploy.Tests.Rules;

namespace Bam.Deploy.Tests.Watching;

/// <summary>A real Prometheus on loopback with the configuration of deploy/prometheus, in a hurry: it scrapes and evaluates each second.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;
    private readonly Task<string> _errors;

    private PrometheusServer(Process process, int port)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    /// <param name="folder">Where its configuration and data go.</param>
    /// <param name="silos">The list of targets that the cluster wrote.</param>
    /// <param name="exporter">Port of NVIDIA's exporter.</param>
    public static async Task<PrometheusServer> Start(string folder, string silos, int exporter)
    {
        Configure(folder, silos, exporter);
        var port = LoopbackServer.FreePort();
        var process = Process.Start(new ProcessStartInfo(Debian.Program("prometheus"),
            ["--config.file=prometheus.yml", "--storage.tsdb.path=data", $"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"])
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
        })!;
        var server = new PrometheusServer(process, port);
        await server.UntilReady();
        return server;
    }

    /// <summary>The series of an expression between two times, a sample a second.</summary>
    public async Task<IReadOnlyList<Series>> Range(string expression, DateTimeOffset from, DateTimeOffset to)
    {
        var data = await Get("/api/v1/query_range", ("query", expression), ("start", Time(from)), ("end", Time(to)), ("step", "1"));
        return [.. data.GetProperty("result").EnumerateArray().Select(Series.Of)];
    }

    /// <summary>What the API answers under <c>data</c>; a refusal fails the test with its reason.</summary>
    public async Task<JsonElement> Get(string path, params (string Name, string Value)[] parameters)
    {
        var query = string.Join('&', parameters.Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value)}"));
        using var answer = await _http.GetAsync(new Uri($"{path}?{query}", UriKind.Relative));
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return json.GetProperty("status").GetString() == "success"
            ? json.GetProperty("data")
            : throw new InvalidOperationException($"{json.GetProperty("error").GetString()}: {string.Join(", ", parameters)}");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static void Configure(string folder, string silos, int exporter)
    {
        var source = Path.Combine(Repository.Root, "deploy", "prometheus");
        foreach (var path in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(folder, Path.GetRelativePath(source, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }

        var file = Path.Combine(folder, "prometheus.yml");
        var hurried = File.ReadAllText(file)
            .Replace("scrape_interval: 5s", "scrape_interval: 1s", StringComparison.Ordinal)
            .Replace("evaluation_interval: 15s", "evaluation_interval: 1s", StringComparison.Ordinal);
        Assert.Equal(2, hurried.Split("_interval: 1s").Length - 1);
        File.WriteAllText(file, hurried);
        File.Copy(silos, Path.Combine(folder, "targets", "targets.json"));
        File.WriteAllText(Path.Combine(folder, "targets", "dcgm.yml"), $"- targets: ['127.0.0.1:{exporter}']\n");
    }

    private async Task UntilReady()
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            Assert.False(_process.HasExited, $"prometheus ended: {(_process.HasExited ? await _errors : "")}");
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60), "prometheus is not ready after a minute");
            try
            {
                using var answer = await _http.GetAsync(new Uri("/-/ready", UriKind.Relative));
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(50);
        }
    }

    private static string Time(DateTimeOffset time) => (time.ToUnixTimeMilliseconds() / 1000.0).ToString(CultureInfo.InvariantCulture);
}
