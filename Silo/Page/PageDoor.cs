using System.Net;
using Bam.Silo.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Bam.Silo.Page;

/// <summary>
/// Stands before the page, its data and the Orleans dashboard; <c>/metrics</c> and <c>/health</c> pass it by. Without a token it lets in who
/// names this host by a name of loopback, which a website that had its own name resolve to 127.0.0.1 cannot; with one, who shows the token,
/// or the session that the token gave.
/// </summary>
internal sealed partial class PageDoor(RequestDelegate next, SiloSettings settings, PageFiles files, TimeProvider time, ILogger<PageDoor> logger)
{
    public const string SignIn = "/sign-in", SignOut = "/sign-out";

    private const int MostFormBytes = 4096;

    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(500);

    private readonly PageToken? _token = settings.PageToken;
    private readonly PageSession? _session = settings.PageToken is { } token ? new(token, time) : null;
    private readonly WrongTries _tries = new(time);

    public async Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Path.StartsWithSegments("/metrics") || request.Path.StartsWithSegments("/health"))
        {
            await next(context);
            return;
        }

        PageHeaders.Set(context);
        if (ComesFromElsewhere(request))
            await Refuse(context, StatusCodes.Status403Forbidden, "asked for by another website");
        else if (_token is null && !IsOfThisHost(request.Host))
            await Refuse(context, StatusCodes.Status403Forbidden, $"this silo answers as localhost and {settings.HttpAddress} only, not as '{Printable(request.Host.Host)}'; with a page token it answers to any name");
        else if (_token is null || PageFiles.IsOpen(request.Path))
            await next(context);
        else if (request.Path == SignIn)
            await Enter(context);
        else if (request.Path == SignOut && HttpMethods.IsPost(request.Method))
            Leave(context);
        else if (_session!.Goes(request) || await ShowsToken(context))
            await next(context);
    }

    /// <summary>A link may lead here from anywhere, but no other website may load, embed or send.</summary>
    private static bool ComesFromElsewhere(HttpRequest request) => request.Headers["Sec-Fetch-Site"] == "cross-site"
        && !(HttpMethods.IsGet(request.Method) && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document");

    private bool IsOfThisHost(HostString host) => host.HasValue
        && (host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host.Host, out var address)
                && (address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback) || address.Equals(settings.HttpAddress))));

    /// <summary>The token as a bearer, for programs. Who brings none, or a wrong one, is answered here.</summary>
    private async Task<bool> ShowsToken(HttpContext context)
    {
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            switch (await Try(context, header[scheme.Length..].Trim()))
            {
                case true:
                    return true;
                case null:
                    return false;
            }
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        if (HttpMethods.IsGet(context.Request.Method) && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
            await files.WriteSignIn(context, StatusCodes.Status401Unauthorized, "");
        else
            await Refuse(context, StatusCodes.Status401Unauthorized, "this page wants its token, as 'Authorization: Bearer TOKEN'");
        return false;
    }

    private async Task Enter(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await files.WriteSignIn(context, StatusCodes.Status200OK, "");
            return;
        }

        if (!HttpMethods.IsPost(context.Request.Method) || !context.Request.HasFormContentType)
        {
            await Refuse(context, StatusCodes.Status405MethodNotAllowed, "sign in by the form");
            return;
        }

        var limit = context.Features.Get<IHttpMaxRequestBodySizeFeature>();
        if (limit is { IsReadOnly: false })
            limit.MaxRequestBodySize = MostFormBytes;
        StringValues given;
        try
        {
            given = (await context.Request.ReadFormAsync(context.RequestAborted))["token"];
        }
        catch (Exception broken) when (broken is BadHttpRequestException or InvalidDataException or IOException)
        {
            await Refuse(context, StatusCodes.Status400BadRequest, "no form that one could read");
            return;
        }

        switch (await Try(context, given.ToString().Trim()))
        {
            case true:
                _session!.Begin(context);
                SeeOther(context);
                break;
            case false:
                await files.WriteSignIn(context, StatusCodes.Status401Unauthorized, "This is not the token.");
                break;
        }
    }

    private static void Leave(HttpContext context)
    {
        PageSession.End(context);
        SeeOther(context);
    }

    /// <returns>Whether it is the token; null when the address has no try left, which is then its answer.</returns>
    private async Task<bool?> Try(HttpContext context, string given)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (!_tries.Take(address))
        {
            context.Response.Headers.RetryAfter = $"{WrongTries.Window.TotalSeconds:0}";
            await Refuse(context, StatusCodes.Status429TooManyRequests, "too many wrong tokens from this address; wait a minute");
            return null;
        }

        if (_token!.Is(given))
        {
            _tries.GiveBack(address);
            return true;
        }

        LogWrongToken(address);
        await Task.Delay(Delay, time, context.RequestAborted);
        return false;
    }

    private static void SeeOther(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = "/";
    }

    private static Task Refuse(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new Refusal(why), context.RequestAborted);
    }

    private static string Printable(string text) => new([.. text.Take(100).Select(letter => letter is > ' ' and <= '~' ? letter : '?')]);

    [LoggerMessage(1201, LogLevel.Warning, "{Address} showed a wrong token for the page")]
    private partial void LogWrongToken(IPAddress address);
}
