using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Bam.Contracts.Clusters.Tls;

/// <summary>The other side of a handshake.</summary>
internal sealed class TlsPeer
{
    /// <summary>Why it was refused, in the words of a log line; null when it was not.</summary>
    public string? Problem { get; private set; }

    /// <summary>Whether the certificate that it showed will do.</summary>
    public bool Judge(X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors, TlsRole? role)
    {
        Problem = shown is not X509Certificate2 certificate ? "it showed no certificate"
            : certificate.NotAfter.ToUniversalTime() < DateTime.UtcNow ? $"its certificate expired on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}"
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? $"its certificate is not of this cluster's authority ({Status(chain)})"
            : role is { } wanted && !certificate.MatchesHostname(TlsFolder.NameOf(wanted)) ? $"its certificate is not that of a {$"{wanted}".ToLowerInvariant()}"
            : errors != SslPolicyErrors.None ? $"its certificate was refused ({errors})"
            : null;
        return Problem is null;
    }

    private static string Status(X509Chain? chain) => string.Join(", ", chain?.ChainStatus.Select(status => status.Status).Distinct() ?? []);
}
