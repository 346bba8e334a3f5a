using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Bam.Silo.Page;

/// <summary>
/// What a browser keeps after it has shown the token: when it ends, a random number, and a signature of both. It is no secret of the
/// silo's memory, so it outlives a restart and opens every silo with the same token; a new token ends all sessions.
/// </summary>
internal sealed class PageSession(PageToken token, TimeProvider time)
{
    public const string Cookie = "bam-page";

    private static readonly TimeSpan Length = TimeSpan.FromDays(7);

    /// <summary>Gives a browser a session.</summary>
    public void Begin(HttpContext context)
    {
        var ends = time.GetUtcNow() + Length;
        var signed = string.Create(CultureInfo.InvariantCulture, $"{ends.ToUnixTimeSeconds()}.{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16))}");
        context.Response.Cookies.Append(Cookie, $"{signed}.{Base64Url.EncodeToString(Sign(signed))}", Options(context, Length));
    }

    public static void End(HttpContext context) => context.Response.Cookies.Delete(Cookie, Options(context, null));

    /// <summary>Whether a request brings a session that goes on.</summary>
    public bool Goes(HttpRequest request)
    {
        if (request.Cookies[Cookie] is not { Length: < 200 } cookie || cookie.LastIndexOf('.') is var dot && dot < 0)
            return false;
        var (signed, signature) = (cookie[..dot], new byte[32]);
        return Base64Url.IsValid(cookie.AsSpan(dot + 1))
            && Base64Url.TryDecodeFromChars(cookie.AsSpan(dot + 1), signature, out var length) && length == signature.Length
            && CryptographicOperations.FixedTimeEquals(signature, Sign(signed))
            && long.TryParse(signed.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ends)
            && time.GetUtcNow().ToUnixTimeSeconds() < ends;
    }

    private byte[] Sign(string text) => HMACSHA256.HashData(token.SessionKey, Encoding.UTF8.GetBytes(text));

    private static CookieOptions Options(HttpContext context, TimeSpan? length) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        // A proxy that speaks TLS says so; who lies here only spoils his own cookie.
        Secure = context.Request.IsHttps || context.Request.Headers["X-Forwarded-Proto"] == "https",
        Path = "/",
        MaxAge = length,
        IsEssential = true,
    };
}
