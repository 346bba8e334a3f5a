using System.Collections.Concurrent;
using System.Diagnostics;
using Bam.Cluster;
using PuppeteerSharp;

namespace Bam.Page.Tests;

/// <summary>
/// A run on two real silos, watched in a real browser from its beginning to its end, through the death of the silo that shows it. The
/// page asks for a token, as it would where others can reach it.
/// </summary>
public sealed class SeenRun : IAsyncLifetime
{
    public const string Name = "seen", Token = "Jc4xT9wPq2Zr7LmVb5NkEh8s";

    public static readonly string[] Models = ["seed", "law", "math", "bam"], Domains = ["general", "law", "math"];

    private const string Looks = """
        () => ({
          signal: document.getElementById('signal')?.dataset.state ?? '',
          signalText: document.getElementById('signal-text')?.textContent ?? '',
          phase: document.getElementById('phase')?.textContent ?? '',
          percent: document.getElementById('percent')?.textContent ?? '',
          models: [...document.querySelectorAll('#members tr')].map(row => [...row.children].map(cell => cell.textContent)),
          points: Math.max(0, ...[...document.querySelectorAll('#charts figure.wide .curve')].map(curve => curve.getAttribute('points').split(' ').length)),
        })
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private TestCluster _cluster = null!;
    private IBrowser _browser = null!;

    internal IPage Page { get; private set; } = null!;

    internal Uri Address { get; private set; } = null!;

    /// <summary>What the page showed, several times a second.</summary>
    internal List<Picture> Pictures { get; } = [];

    /// <summary>What it showed from the death of its silo on.</summary>
    internal List<Picture> AfterDeath { get; } = [];

    /// <summary>Addresses that the browser asked.</summary>
    internal ConcurrentBag<string> Requests { get; } = [];

    /// <summary>Errors and warnings of the console while the silo was there.</summary>
    internal ConcurrentBag<string> Complaints { get; } = [];

    public async ValueTask InitializeAsync()
    {
        if (!Chromium.IsThere)
            return;   // the tests say so, each for itself
        try
        {
            await Watch();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    private async Task Watch()
    {
        _cluster = await TestCluster.Up(2, "sqlite", new KeyValuePair<string, string>("Bam__PageToken", Token));
        Address = new Uri($"http://127.0.0.1:{_cluster.HttpPorts()[0]}");
        _browser = await Chromium.Start();
        Page = await _browser.NewPageAsync();
        await Look(1280, "light");
        await SignIn();
        Listen(Page);
        await _cluster.Launch(Write(_cluster.Home));
        await Until(Pictures, picture => picture.Models.Any(model => model[0].StartsWith("law", StringComparison.Ordinal) && Steps(model) > 25));

        Deaf = true;   // what the browser says of a server that is not there is not the page's to prevent
        _cluster.Kill("silo-1");
        await Until(AfterDeath, picture => picture.Signal == "lost");
        await Until(AfterDeath, picture => picture.Signal == "live");
        Deaf = false;
        await Until(AfterDeath, picture => picture.Phase == "completed");
        await Task.Delay(2500);   // the last points of the curves
    }

    private bool Deaf { get; set; }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_browser is not null)
                await _browser.DisposeAsync();
        }
        finally
        {
            if (_cluster is not null)
                await _cluster.DisposeAsync();   // silos outlive a browser that does not end well, and the tests
        }
    }

    /// <summary>Has the window a width and the browser a taste.</summary>
    internal async Task Look(int width, string scheme)
    {
        await Page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = scheme }]);
        await Page.SetViewportAsync(new ViewPortOptions { Width = width, Height = 900 });
    }

    internal void Listen(IPage page)
    {
        page.Request += (_, request) => Requests.Add(request.Request.Url);
        page.PageError += (_, error) => Complaints.Add($"{error.Message}");
        page.Console += (_, line) =>
        {
            if (!Deaf && line.Message.Type is ConsoleType.Error or ConsoleType.Warning)
                Complaints.Add(line.Message.Text);
        };
    }

    /// <summary>Steps of a row, of <c>1,234 / 2,000</c>.</summary>
    internal static int Steps(string[] model) =>
        int.TryParse(model[2].Split('/')[0].Trim(), System.Globalization.NumberStyles.AllowThousands, System.Globalization.CultureInfo.InvariantCulture, out var steps) ? steps : 0;

    private async Task SignIn()
    {
        await Page.GoToAsync($"{Address}");
        await Page.TypeAsync("#token", Token);
        await Task.WhenAll(Page.WaitForNavigationAsync(), Page.Keyboard.PressAsync("Enter"));
    }

    private async Task Until(List<Picture> pictures, Predicate<Picture> wanted)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var picture = await Page.EvaluateFunctionAsync<Picture>(Looks);
            pictures.Add(picture);
            if (wanted(picture))
                return;
            if (Stopwatch.GetElapsedTime(began) > Limit)
                throw new InvalidOperationException($"waited in vain, {picture.SignalText}, {picture.Phase} {picture.Percent}:\n{string.Join('\n', picture.Models.Select(model => string.Join(" | ", model)))}");
            await Task.Delay(150);
        }
    }

    private static string Write(string folder)
    {
        SmallRun.WriteTexts(folder);
        var path = Path.Combine(folder, "seen.yaml");
        File.WriteAllText(path, $$"""
            name: {{Name}}
            seed: 31
            model: { layers: 2, width: 48, heads: 4, kv_heads: 2, ffn: 96, context: 64 }
            {{SmallRun.ThreeDomains}}
            train: { batch: 4, learning_rate: 2e-3, warmup: 10, precision: fp32 }
            seed_model: { domains: { general: 1 }, steps: 120 }
            branches:
              law: { domains: { law: 0.9, general: 0.1 }, steps: 500 }
              math: { domains: { math: 0.9, general: 0.1 }, steps: 500 }
            mixtures:
              bam: { attention: soft, kv: experts, steps: 150 }
            checkpoints: { every: 20, keep: 2 }
            evaluate: { every: 25, tokens: 1000 }
            """);
        return path;
    }
}
