using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Bam.Contracts.Clusters.Tls;

/// <summary>Who this process is in its cluster, and whom it trusts.</summary>
public sealed class TlsIdentity
{
    private readonly X509Certificate2 _authority;

    internal TlsIdentity(X509Certificate2 authority, X509Certificate2 certificate)
    {
        _authority = authority;
        Certificate = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
    }

    internal SslStreamCertificateContext Certificate { get; }

    /// <summary>Trust in the cluster's own authority and in no other.</summary>
    internal X509ChainPolicy Trust() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { _authority },
        RevocationMode = X509RevocationMode.NoCheck,   // an authority of one cluster publishes no lists: a lost key is answered by a new authority
    };
}
