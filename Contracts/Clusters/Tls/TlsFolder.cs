using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Bam.Contracts.Clusters.Tls;

/// <summary>
/// A folder with the three PEM files of one party: <c>ca.crt</c>, <c>tls.crt</c> and <c>tls.key</c>, named as in a TLS secret of Kubernetes.
/// The cluster has an authority of its own; the DNS name in a certificate says which role it is for, so addresses may change.
/// </summary>
/// <param name="folder">Path of the folder.</param>
/// <param name="role">Role that its certificate must be for.</param>
public sealed class TlsFolder(string folder, TlsRole role)
{
    public const string AuthorityFile = "ca.crt", CertificateFile = "tls.crt", KeyFile = "tls.key";

    /// <summary>DNS name in the certificate of a role.</summary>
    public static string NameOf(TlsRole role) => role == TlsRole.Silo ? "silo.bam" : "console.bam";

    /// <summary>Reads and checks the files as they are now.</summary>
    /// <exception cref="TlsException">A file is missing, is none, has expired, or does not belong to the others.</exception>
    public TlsIdentity Load()
    {
        var authority = Read(AuthorityFile, X509CertificateLoader.LoadCertificateFromFile);
        var certificate = Read(CertificateFile, path => X509Certificate2.CreateFromPemFile(path, In(KeyFile)));
        if (certificate.NotAfter.ToUniversalTime() < DateTime.UtcNow)
            throw Wrong(CertificateFile, $"expired on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}; make a new one");
        if (certificate.NotBefore.ToUniversalTime() > DateTime.UtcNow)
            throw Wrong(CertificateFile, $"is valid from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd} on; look at this host's clock");
        if (!certificate.MatchesHostname(NameOf(role)))
            throw Wrong(CertificateFile, $"is not the certificate of a {$"{role}".ToLowerInvariant()}: it lacks the DNS name {NameOf(role)}; give the right folder");
        var identity = new TlsIdentity(authority, certificate);
        using var chain = new X509Chain { ChainPolicy = identity.Trust() };
        return chain.Build(certificate)
            ? identity
            : throw Wrong(CertificateFile, $"is not signed by {AuthorityFile} beside it; take both from one authority");
    }

    /// <summary>Changes whenever one of the files does.</summary>
    internal DateTime Written() => new[] { AuthorityFile, CertificateFile, KeyFile }.Max(name => File.GetLastWriteTimeUtc(In(name)));

    private X509Certificate2 Read(string name, Func<string, X509Certificate2> read)
    {
        if (new[] { AuthorityFile, CertificateFile, KeyFile }.FirstOrDefault(file => !File.Exists(In(file))) is { } missing)
            throw new TlsException($"{folder}: there is no {missing}; a folder of certificates holds {AuthorityFile}, {CertificateFile} and {KeyFile}");
        try
        {
            return read(In(name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong(name, $"cannot be read: {e.Message.Split('\n')[0]}");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw Wrong(name, $"cannot be used: {e.Message.Split('\n')[0].TrimEnd('.')}; give a PEM file, and the key that belongs to the certificate");
        }
    }

    private TlsException Wrong(string name, string what) => new($"{In(name)}: {what}");

    private string In(string name) => Path.Combine(folder, name);
}
