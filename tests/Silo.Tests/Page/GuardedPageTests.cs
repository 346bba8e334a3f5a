using System.Diagnostics;
using System.Net;

namespace Bam.Silo.Tests.Page;

/// <summary>The page where others can reach it: off without a token, and behind the token with one.</summary>
public sealed class GuardedPageTests : IDisposable
{
    private const string Token = "Zq8vK2mR5tY7wB3nL6pX9cD4";

    private static readonly string[] Doors = ["/", "/page.js", "/api/runs", "/api/cluster", "/api/runs/none/events", "/orleans/", "/orleans/DashboardCounters", "/nothing"];

    private readonly TemporaryFolder _temporary = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_token_it_is_off_and_one_line_says_how_to_have_it()
    {
        await using var silo = SiloProcess.Start(_temporary.Folder, SiloProcess.FreePorts(), "--Bam:HttpAddress=0.0.0.0");
        await silo.WaitFor("/health/ready", Cancellation);

        Assert.All(await Task.WhenAll(Doors.Select(door => Status(silo, door))), status => Assert.Equal(HttpStatusCode.NotFound, status));
        Assert.Equal(HttpStatusCode.NotFound, await Status(silo, "/sign-in"));
        Assert.Equal(HttpStatusCode.OK, await Status(silo, "/metrics"));
        silo.Terminate();
        Assert.Equal(0, await silo.ExitCode(Cancellation));
        var line = Assert.Single(silo.Output.Split('\n'), line => line.Contains("[1202]", StringComparison.Ordinal));
        Assert.Contains("The page is off: whoever reaches 0.0.0.0 would see it, and it has no token; give one by Bam__PageToken or", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_opens_it_and_is_found_nowhere()
    {
        await using var silo = SiloProcess.Start(
            _temporary.Folder, SiloProcess.FreePorts(), [new("Bam__PageToken", Token)], "--Bam:HttpAddress=0.0.0.0", "--Logging:LogLevel:Default=Debug", "--Logging:LogLevel:Microsoft.AspNetCore=Trace");
        await silo.WaitFor("/health/ready", Cancellation);

        await NothingIsShown(silo);
        var cookie = await SignsIn(silo);
        await TheCookieOpensAllOfIt(silo, cookie);
        Assert.Equal(HttpStatusCode.OK, await Status(silo, "/api/runs", ("Authorization", $"Bearer {Token}")));
        await NobodyGuesses(silo, cookie);
        await SignsOut(silo, cookie);

        var told = await Text(silo, "/metrics") + await Text(silo, "/", ("Cookie", cookie)) + await Text(silo, "/api/cluster", ("Cookie", cookie));
        silo.Terminate();
        Assert.Equal(0, await silo.ExitCode(Cancellation));
        Assert.Contains("127.0.0.1 showed a wrong token for the page", silo.Output, StringComparison.Ordinal);
        Assert.All([told, cookie, silo.Output, silo.Errors], text => Assert.DoesNotContain(Token, text, StringComparison.Ordinal));
        Assert.DoesNotContain(cookie.Split('.')[^1], silo.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_asked_for_on_loopback_too_and_one_session_outlives_a_restart()
    {
        var file = Path.Combine(_temporary.Folder, "token");
        await File.WriteAllTextAsync(file, Token, Cancellation);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead);
        var ports = SiloProcess.FreePorts();
        string cookie;
        await using (var silo = SiloProcess.Start(_temporary.Folder, ports, $"--Bam:PageTokenFile={file}", "--Bam:Dashboard=false"))
        {
            await silo.WaitFor("/health/ready", Cancellation);
            Assert.Equal(HttpStatusCode.Unauthorized, await Status(silo, "/api/runs"));
            cookie = await SignsIn(silo);
            // A proxy in front of it passes on the name by which it is known.
            Assert.Equal(HttpStatusCode.OK, await Status(silo, "/api/runs", ("Cookie", cookie), ("Host", "runs.example")));
            Assert.Equal(HttpStatusCode.NotFound, await Status(silo, "/orleans/", ("Cookie", cookie)));
            silo.Terminate();
            Assert.Equal(0, await silo.ExitCode(Cancellation));
        }

        await using var again = SiloProcess.Start(_temporary.Folder, ports, $"--Bam:PageTokenFile={file}", "--Bam:Dashboard=false");
        await again.WaitFor("/health/ready", Cancellation);
        Assert.Equal(HttpStatusCode.OK, await Status(again, "/api/runs", ("Cookie", cookie)));
    }

    public void Dispose() => _temporary.Dispose();

    private static async Task NothingIsShown(SiloProcess silo)
    {
        foreach (var door in Doors)
        {
            using var asked = await Send(silo, HttpMethod.Get, door);
            Assert.Equal(HttpStatusCode.Unauthorized, asked.StatusCode);
            Assert.Equal("Bearer", $"{asked.Headers.WwwAuthenticate}");
            using var seen = await Send(silo, HttpMethod.Get, door, null, ("Accept", "text/html"));
            Assert.Equal(HttpStatusCode.Unauthorized, seen.StatusCode);
            Assert.Contains("<form method=\"post\" action=\"/sign-in\">", await seen.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, await Status(silo, "/page.css"));
        Assert.Equal(HttpStatusCode.OK, await Status(silo, "/sign-in"));
        Assert.Equal(HttpStatusCode.OK, await Status(silo, "/metrics"));
    }

    private static async Task<string> SignsIn(SiloProcess silo)
    {
        var began = Stopwatch.GetTimestamp();
        using (var wrong = await Show(silo, Token[1..]))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
            Assert.Contains("This is not the token.", await wrong.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
            Assert.False(wrong.Headers.Contains("Set-Cookie"));
            Assert.True(Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(0.45));
        }

        using var right = await Show(silo, Token);
        Assert.Equal(HttpStatusCode.SeeOther, right.StatusCode);
        Assert.Equal("/", $"{right.Headers.Location}");
        var cookie = Assert.Single(right.Headers.GetValues("Set-Cookie"));
        var flags = cookie.Split("; ")[1..].Select(flag => flag.ToLowerInvariant()).ToArray();
        Assert.Superset(new HashSet<string> { "httponly", "samesite=strict", "path=/", "max-age=604800" }, flags.ToHashSet());
        Assert.DoesNotContain("secure", flags);
        using var behindTls = await Send(silo, HttpMethod.Post, "/sign-in", Form(Token), ("X-Forwarded-Proto", "https"));
        Assert.Contains("; secure", Assert.Single(behindTls.Headers.GetValues("Set-Cookie")), StringComparison.OrdinalIgnoreCase);
        return cookie.Split(';')[0];
    }

    private static async Task TheCookieOpensAllOfIt(SiloProcess silo, string cookie)
    {
        foreach (var door in Doors[..^1].Where(door => !door.Contains("none", StringComparison.Ordinal)))
            Assert.Equal(HttpStatusCode.OK, await Status(silo, door, ("Cookie", cookie)));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(silo, "/api/runs", ("Cookie", cookie[..^2])));
        Assert.Contains("\"signed_in\":true", await Text(silo, "/api/cluster", ("Cookie", cookie)), StringComparison.Ordinal);
        // The cookie comes along from other websites in old browsers only; this is what new ones say of themselves.
        Assert.Equal(HttpStatusCode.Forbidden, await Status(silo, "/api/runs", ("Cookie", cookie), ("Sec-Fetch-Site", "cross-site")));
    }

    private static async Task NobodyGuesses(SiloProcess silo, string cookie)
    {
        var guesses = await Task.WhenAll(Enumerable.Range(0, 8).Select(guess => Status(silo, "/api/runs", ("Authorization", $"Bearer {Token}{guess}"))));
        Assert.Equal(5, guesses.Count(status => status == HttpStatusCode.Unauthorized));
        Assert.Equal(3, guesses.Count(status => status == HttpStatusCode.TooManyRequests));
        using var late = await Show(silo, Token);
        Assert.Equal((HttpStatusCode.TooManyRequests, "60"), (late.StatusCode, $"{late.Headers.RetryAfter}"));
        Assert.Equal(HttpStatusCode.OK, await Status(silo, "/api/runs", ("Cookie", cookie)));   // who is in stays in
    }

    private static async Task SignsOut(SiloProcess silo, string cookie)
    {
        using var answer = await Send(silo, HttpMethod.Post, "/sign-out", null, ("Cookie", cookie));
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.StartsWith("bam-page=; expires=Thu, 01 Jan 1970", Assert.Single(answer.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> Show(SiloProcess silo, string token) => Send(silo, HttpMethod.Post, "/sign-in", Form(token));

    private static FormUrlEncodedContent Form(string token) => new([new("token", token)]);

    private static async Task<HttpStatusCode> Status(SiloProcess silo, string path, params (string, string)[] headers)
    {
        using var answer = await Send(silo, HttpMethod.Get, path, null, headers);
        return answer.StatusCode;
    }

    private static async Task<string> Text(SiloProcess silo, string path, params (string, string)[] headers)
    {
        using var answer = await Send(silo, HttpMethod.Get, path, null, headers);
        return await answer.Content.ReadAsStringAsync(Cancellation) + answer.Headers;
    }

    private static Task<HttpResponseMessage> Send(SiloProcess silo, HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers) =>
        silo.Send(method, path, Cancellation, content, headers.Select(header => KeyValuePair.Create(header.Name, header.Value)));
}
