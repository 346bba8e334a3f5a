using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Bam.Silo.Page;

/// <summary>The files of the page, which lie in this program.</summary>
internal sealed class PageFiles
{
    private const string Message = "<!--message-->";

    // What the sign-in page needs; it says nothing of any run.
    private static readonly string[] Open = ["/page.css", "/icon.svg"];

    private readonly Dictionary<string, PageFile> _files = typeof(PageFiles).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith("page/", StringComparison.Ordinal))
        .ToDictionary(name => name["page/".Length..], Load);

    public static bool IsOpen(PathString path) => Open.Contains(path.Value);

    /// <summary>Maps each file to its name, and the page itself to the root.</summary>
    public void Map(IEndpointRouteBuilder endpoints)
    {
        foreach (var (name, file) in _files.Where(file => file.Key != "sign-in.html"))
            endpoints.MapMethods(name == "index.html" ? "/" : $"/{name}", ["GET", "HEAD"], (RequestDelegate)(context => Write(context, file)));
    }

    /// <summary>The form that asks for the token.</summary>
    /// <param name="message">What was wrong; empty for nothing.</param>
    public Task WriteSignIn(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        var page = Encoding.UTF8.GetString(_files["sign-in.html"].Bytes).Replace(Message, WebUtility.HtmlEncode(message), StringComparison.Ordinal);
        return context.Response.WriteAsync(page, context.RequestAborted);
    }

    private static async Task Write(HttpContext context, PageFile file)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-cache";   // asked for again each time, sent again only when another version runs
        headers.ETag = file.Tag;
        if (context.Request.Headers.IfNoneMatch == file.Tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = file.Type;
        context.Response.ContentLength = file.Bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(file.Bytes, context.RequestAborted);
    }

    private static PageFile Load(string resource)
    {
        using var stream = typeof(PageFiles).Assembly.GetManifestResourceStream(resource)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var type = Path.GetExtension(resource) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => throw new InvalidOperationException($"{resource}: no type is known for it"),
        };
        return new(bytes, type, new EntityTagHeaderValue($"\"{Base64Url.EncodeToString(SHA256.HashData(bytes).AsSpan(0, 12))}\"").ToString());
    }

    private sealed record PageFile(byte[] Bytes, string Type, string Tag);
}
