using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Bam.Silo.Tests.Page;

/// <summary>The page of a silo on loopback, without a token.</summary>
public sealed partial class OpenPageTests(OpenSilo open) : IClassFixture<OpenSilo>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private SiloProcess Silo => open.Silo;

    public static TheoryData<string> Doors => ["/", "/page.js", "/api/runs", "/api/cluster", "/orleans/", "/orleans/DashboardCounters", "/nothing"];

    [Fact]
    public async Task The_page_and_all_that_it_loads_lie_in_the_silo()
    {
        var page = await Text("/", "text/html");
        var scripts = new Queue<string>(Linked().Matches(page).Select(link => link.Groups[1].Value).Where(link => link != "/orleans/" && !link.StartsWith('#')));
        var seen = new HashSet<string>();
        while (scripts.TryDequeue(out var path))
        {
            if (!seen.Add(path) || path == "/sign-out")
                continue;
            var text = await Text(path, Path.GetExtension(path) switch { ".js" => "text/javascript", ".css" => "text/css", _ => "image/svg+xml" });
            foreach (var import in Imported().Matches(text).Select(import => import.Groups[1].Value))
                scripts.Enqueue(import[1..]);
            Assert.DoesNotMatch(External(), text.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal));
            Assert.DoesNotContain("innerHTML", text, StringComparison.Ordinal);
        }

        Assert.Superset(new HashSet<string> { "/page.css", "/page.js", "/dom.js", "/charts.js", "/figures.js", "/icon.svg" }, seen);
        Assert.DoesNotMatch(External(), page);
        Assert.DoesNotMatch(Inline(), page);
    }

    [Fact]
    public async Task Browsers_are_told_to_run_nothing_but_the_pages_own_scripts()
    {
        using var answer = await Silo.Get("/", Cancellation);

        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'; ", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("require-trusted-types-for 'script'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal(["nosniff"], answer.Headers.GetValues("X-Content-Type-Options"));
        Assert.Equal(["same-origin"], answer.Headers.GetValues("Cross-Origin-Resource-Policy"));
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_file_that_a_browser_has_is_not_sent_again()
    {
        using var first = await Silo.Get("/page.js", Cancellation);
        using var again = await Silo.Send(HttpMethod.Get, "/page.js", Cancellation, null, new KeyValuePair<string, string>("If-None-Match", $"{first.Headers.ETag}"));

        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Empty(await again.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task The_cluster_is_told_as_it_is()
    {
        var cluster = JsonDocument.Parse(await Text("/api/cluster", "application/json")).RootElement;

        Assert.Equal("silo-1", cluster.GetProperty("silo").GetString());
        Assert.Equal("/orleans/", cluster.GetProperty("dashboard").GetString());
        Assert.False(cluster.GetProperty("signed_in").GetBoolean());
        var silo = Assert.Single(cluster.GetProperty("silos").EnumerateArray());
        Assert.Equal(("silo-1", "active", "cpu"), (silo.GetProperty("name").GetString(), silo.GetProperty("state").GetString(), silo.GetProperty("device").GetString()));
        Assert.Equal("[]", await Text("/api/runs", "application/json"));
    }

    [Theory]
    [InlineData("/api/runs/none", HttpStatusCode.NotFound)]
    [InlineData("/api/runs/none/events", HttpStatusCode.NotFound)]
    [InlineData("/api/runs/none/history", HttpStatusCode.NotFound)]
    [InlineData("/api/runs/%3Cscript%3Ealert(1)%3C%2Fscript%3E", HttpStatusCode.NotFound)]
    [InlineData("/api/runs/..%2F..%2Fetc%2Fpasswd/events", HttpStatusCode.NotFound)]
    [InlineData("/api/runs/none/events?after=-1", HttpStatusCode.BadRequest)]
    [InlineData("/api/runs/none/events?after=x", HttpStatusCode.BadRequest)]
    public async Task What_there_is_not_is_said_in_JSON_that_repeats_nothing(string path, HttpStatusCode status)
    {
        using var answer = await Silo.Get(path, Cancellation);

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain("script", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api/runs")]
    [InlineData("/api/runs/none/events")]
    public async Task It_can_be_read_only(string path)
    {
        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete })
        {
            using var answer = await Silo.Send(method, path, Cancellation);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        }
    }

    /// <summary>A website whose name suddenly resolves to 127.0.0.1 is of the same origin as what answers there; the name gives it away.</summary>
    [Theory, MemberData(nameof(Doors))]
    public async Task A_name_that_is_not_of_loopback_is_not_answered(string path)
    {
        foreach (var host in new[] { "evil.example", "evil.example:11113", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::2]", "0.0.0.0" })
        {
            using var answer = await Silo.Send(HttpMethod.Get, path, Cancellation, null, new KeyValuePair<string, string>("Host", host));
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{host}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task The_names_of_loopback_are_answered_and_metrics_and_health_by_any_name()
    {
        foreach (var host in new[] { "localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:11113" })
            Assert.Equal(HttpStatusCode.OK, await Status("/api/runs", "Host", host));
        foreach (var path in new[] { "/metrics", "/health/live", "/health/ready" })
            Assert.Equal(HttpStatusCode.OK, await Status(path, "Host", "silo-1.bam.svc"));
    }

    [Theory, MemberData(nameof(Doors))]
    public async Task Another_website_can_link_here_and_nothing_else(string path)
    {
        using var script = await Silo.Send(HttpMethod.Get, path, Cancellation, null, Pairs(("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")));
        using var frame = await Silo.Send(HttpMethod.Get, path, Cancellation, null, Pairs(("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")));
        using var link = await Silo.Send(HttpMethod.Get, path, Cancellation, null, Pairs(("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")));

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (script.StatusCode, frame.StatusCode));
        Assert.NotEqual(HttpStatusCode.Forbidden, link.StatusCode);
    }

    [Fact]
    public async Task The_Orleans_dashboard_stands_beside_it_and_calls_no_grain_of_ours()
    {
        Assert.Contains("<title>Orleans Dashboard</title>", await Text("/orleans/", "text/html"), StringComparison.Ordinal);
        while (JsonDocument.Parse(await Text("/orleans/DashboardCounters", "application/json")).RootElement.GetProperty("totalActiveHostCount").GetInt32() != 1)
            await Task.Delay(200, Cancellation);   // it counts once a second
        Assert.DoesNotContain("Orleans.Dashboard", Silo.Output, StringComparison.Ordinal);   // no word of it when the silo starts
        Assert.Equal(HttpStatusCode.NotFound, await Status("/orleans/GrainState?grainId=runs&grainType=Bam.Grains.Runs.RunRegistryGrain"));
        Assert.Equal(HttpStatusCode.Forbidden, await Status("/orleans/Trace"));   // it would stream the log
    }

    private static KeyValuePair<string, string>[] Pairs(params (string Name, string Value)[] headers) => [.. headers.Select(header => KeyValuePair.Create(header.Name, header.Value))];

    private async Task<HttpStatusCode> Status(string path, string? header = null, string? value = null)
    {
        using var answer = await Silo.Send(HttpMethod.Get, path, Cancellation, null, header is null ? [] : [new KeyValuePair<string, string>(header, value!)]);
        return answer.StatusCode;
    }

    private async Task<string> Text(string path, string type)
    {
        using var answer = await Silo.Get(path, Cancellation);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        Assert.Equal(type, answer.Content.Headers.ContentType?.MediaType);
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }

    [GeneratedRegex("(?:src|href|action)=\"([^\"]+)\"")]
    private static partial Regex Linked();

    [GeneratedRegex("from '([^']+)'")]
    private static partial Regex Imported();

    [GeneratedRegex(@"https?://|//cdn|url\(")]
    private static partial Regex External();

    [GeneratedRegex(@"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style|javascript:")]
    private static partial Regex Inline();
}
