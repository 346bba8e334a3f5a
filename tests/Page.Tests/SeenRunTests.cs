using System.Text.RegularExpressions;
using PuppeteerSharp;

namespace Bam.Page.Tests;

public sealed partial class SeenRunTests : IClassFixture<SeenRun>
{
    private static readonly string Layout = new StreamReader(typeof(SeenRunTests).Assembly.GetManifestResourceStream("Layout.js")!).ReadToEnd();

    private readonly SeenRun _run;

    public SeenRunTests(SeenRun run)
    {
        Chromium.Need();   // or the test is skipped
        _run = run;
    }

    public static MatrixTheoryData<int, string> Windows => new([400, 1280, 1600], ["light", "dark"]);

    [Fact]
    public void A_row_a_model_appears_and_moves()
    {
        Assert.Equal(SeenRun.Models, _run.AfterDeath[^1].Models.Select(model => model[0].Replace("branch", "", StringComparison.Ordinal).Replace("mixture", "", StringComparison.Ordinal)));
        var live = _run.Pictures.Where(picture => picture.Models.Length > 0).ToArray();
        Assert.True(live.Select(picture => SeenRun.Steps(picture.Models[0])).Distinct().Count() >= 3, "the seed model's steps did not move");
        Assert.True(live.Select(picture => picture.Percent).Distinct().Count() >= 3, "the percentage did not move");
        Assert.Contains(live, picture => picture.Models[0][1] == "training" && Number().IsMatch(picture.Models[0][3]) && picture.Models[0][6].EndsWith("/cpu", StringComparison.Ordinal) && picture.Models[0][8].EndsWith('s'));
        Assert.Contains(live, picture => picture.Models[0][5].EndsWith('%'));
        Assert.Equal("100%", _run.AfterDeath[^1].Percent);
        Assert.All(_run.AfterDeath[^1].Models, model => Assert.Equal("completed", model[1]));
    }

    [Fact]
    public void Curves_grow_while_the_run_goes_on() =>
        Assert.True(_run.Pictures.Concat(_run.AfterDeath).Select(picture => picture.Points).Distinct().Count() >= 4, "the curves did not grow");

    [Fact]
    public void It_outlives_the_silo_that_shows_it()
    {
        Assert.Contains(_run.AfterDeath, picture => picture.SignalText == "silo-1 is not reachable, trying again" && picture.Models.Length == SeenRun.Models.Length);
        Assert.Equal("live from silo-1", _run.AfterDeath[^1].SignalText);
    }

    [Fact]
    public async Task A_restart_says_why_and_from_which_step()
    {
        var events = await Text("#events li");

        Assert.Contains(events, line => Restart().IsMatch(line));
        Assert.Contains(events, line => line.Contains("launched", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_curve_a_model_has_its_axes_its_units_and_its_colour()
    {
        string[] captions = ["Training loss, nats a token", .. SeenRun.Domains.Select(domain => $"Validation loss on {domain}, nats a token")];
        Assert.Equal(captions, (await Text("#charts figcaption")).Order(StringComparer.Ordinal));
        Assert.Equal(SeenRun.Models, await Text("#legend li span:nth-child(2)"));
        Assert.All(await Text("#legend li b"), value => Assert.Matches(Number(), value));
        var colours = await Value<string[]>("[...document.querySelectorAll('#charts figure.wide .curve')].map(curve => getComputedStyle(curve).stroke)");
        Assert.Equal(SeenRun.Models.Length, colours.Distinct().Count());
        Assert.Equal(colours, await Value<string[]>("[...document.querySelectorAll('#members .swatch')].map(swatch => getComputedStyle(swatch).backgroundColor)"));
        Assert.True(await Value<bool>("[...document.querySelectorAll('#charts svg')].every(svg => svg.querySelectorAll('.grid').length >= 2 && svg.querySelectorAll('text').length >= 5 && svg.getAttribute('aria-label').includes('Last values: '))"));
    }

    [Fact]
    public async Task What_was_measured_is_shown()
    {
        string[] columns = ["Model", .. SeenRun.Domains, "average"];
        Assert.Equal(columns, await Text("#perplexity th[scope=col]"));
        Assert.Equal(SeenRun.Models.Length * (SeenRun.Domains.Length + 1), (await Text("#perplexity td")).Count(value => Number().IsMatch(value)));
        Assert.Equal(SeenRun.Domains.Select(domain => $"on {domain}"), await Text(".heat caption"));
        var shares = await Value<int[]>("[...document.querySelectorAll('.heat tbody tr')].map(row => [...row.querySelectorAll('td')].reduce((sum, cell) => sum + Number(cell.textContent), 0))");
        Assert.Equal(SeenRun.Domains.Length * 2, shares.Length);
        Assert.All(shares, sum => Assert.InRange(sum, 98, 102));   // a layer's shares, rounded
        string[] silos = ["silo-1 (this page)", "silo-2"];
        Assert.Equal(silos, await Text("#silos th"));
    }

    [Fact]
    public async Task It_can_be_used_without_a_mouse()
    {
        await _run.Page.FocusAsync("#legend li:first-child button");
        await _run.Page.Keyboard.PressAsync("Space");
        Assert.Equal(SeenRun.Models.Length - 1, await Value<int>("document.querySelectorAll('#charts figure.wide .curve').length"));
        Assert.Equal("false", await Value<string>("document.activeElement.getAttribute('aria-pressed')"));
        await _run.Page.Keyboard.PressAsync("Enter");
        Assert.Equal(SeenRun.Models.Length, await Value<int>("document.querySelectorAll('#charts figure.wide .curve').length"));

        await _run.Page.FocusAsync(".choices button[aria-pressed=false]");
        await _run.Page.Keyboard.PressAsync("Enter");
        Assert.Equal("Attention", await Value<string>("document.activeElement.textContent"));
        Assert.Contains("Mean gate", await Value<string>("document.getElementById('heats-say').textContent"), StringComparison.Ordinal);
        Assert.True(await Value<bool>("[...document.querySelectorAll('section.card')].every(part => part.hidden || document.getElementById(part.getAttribute('aria-labelledby')).textContent)"));
        Assert.True(await Value<bool>("[...document.querySelectorAll('table')].every(table => table.querySelectorAll('th[scope=col]').length > 1 && table.querySelectorAll('th[scope=row]').length > 0)"));
    }

    [Theory]
    [MemberData(nameof(Windows))]
    public async Task Nothing_leaves_its_box_lies_over_another_or_fades_away(int width, string scheme)
    {
        await _run.Look(width, scheme);
        await Task.Delay(600, TestContext.Current.CancellationToken);   // the charts take the new width
        if (Environment.GetEnvironmentVariable("BAM_PICTURES") is { Length: > 0 } folder)
            await _run.Page.ScreenshotAsync(Path.Combine(folder, $"page-{width}-{scheme}.png"), new ScreenshotOptions { FullPage = true });

        Assert.Empty(await _run.Page.EvaluateFunctionAsync<string[]>(Layout));
        Assert.Equal(scheme == "dark", await Value<bool>("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0] < 60"));
    }

    [Fact]
    public async Task The_Orleans_dashboard_works_behind_the_same_door()
    {
        var browser = _run.Page.Browser;
        await using var page = await browser.NewPageAsync();
        _run.Listen(page);
        await page.GoToAsync($"{_run.Address}orleans/");
        for (var tries = 0; tries < 50 && !(await page.GetContentAsync()).Contains("127.0.0.1", StringComparison.Ordinal); tries++)
            await Task.Delay(200, TestContext.Current.CancellationToken);
        Assert.Contains("127.0.0.1", await page.GetContentAsync(), StringComparison.Ordinal);   // its hosts

        await using var stranger = await (await browser.CreateBrowserContextAsync()).NewPageAsync();
        await stranger.GoToAsync($"{_run.Address}orleans/");
        Assert.Equal("Sign in - BamOrleans", await stranger.GetTitleAsync());
        Assert.Empty(await stranger.EvaluateFunctionAsync<string[]>(Layout));
    }

    [Fact]
    public async Task Nothing_is_asked_of_another_host_and_the_console_has_no_complaint()
    {
        await _run.Page.EvaluateExpressionAsync("1");
        Assert.NotEmpty(_run.Requests);
        Assert.All(_run.Requests, request => Assert.StartsWith($"{_run.Address}", request, StringComparison.Ordinal));
        Assert.All(_run.Requests, request => Assert.DoesNotContain(SeenRun.Token, request, StringComparison.Ordinal));
        Assert.Empty(_run.Complaints);
        Assert.DoesNotContain(SeenRun.Token, await _run.Page.GetContentAsync(), StringComparison.Ordinal);
        Assert.Empty(await Value<string>("document.cookie"));
    }

    private Task<string[]> Text(string selector) => Value<string[]>($"[...document.querySelectorAll('{selector}')].map(node => node.textContent)");

    private Task<T> Value<T>(string expression) => _run.Page.EvaluateExpressionAsync<T>(expression);

    [GeneratedRegex(@"^\d+\.\d+$")]
    private static partial Regex Number();

    [GeneratedRegex(@"resumed(law|math)(on silo-\d/cpu )?from step \d+: .+")]
    private static partial Regex Restart();
}
