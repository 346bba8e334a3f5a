using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bam.Client.Clusters;
using Bam.Contracts.Clusters.Tls;

namespace Bam.Client.Certificates;

/// <summary>
/// The certificates of a cluster: <c>authority/</c> (keep its key off the hosts), and one folder a role, <c>silo/</c> and <c>console/</c>, each
/// with the three files of a <see cref="TlsFolder"/>. Done again, the authority stays and the two others are made anew.
/// </summary>
internal static class CertificateSet
{
    private const int AuthorityYears = 10;

    // Clocks of hosts differ by a little.
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(5);

    /// <param name="folder">Folder of the set.</param>
    /// <param name="days">Days that the certificates of silos and consoles are valid.</param>
    /// <param name="now">Now.</param>
    /// <returns>Whether the authority is new.</returns>
    /// <exception cref="UserException">The authority that lies there cannot be used.</exception>
    public static bool Write(string folder, int days, DateTimeOffset now)
    {
        var place = Path.Combine(folder, "authority");
        string certificate = Path.Combine(place, TlsFolder.AuthorityFile), key = Path.Combine(place, "ca.key");
        var isNew = !File.Exists(certificate);
        if (isNew)
            WriteAuthority(place, certificate, key, now);
        using var authority = Read(certificate, key, now);
        foreach (var role in Enum.GetValues<TlsRole>())
            WriteRole(Path.Combine(folder, $"{role}".ToLowerInvariant()), role, authority, days, now);
        return isNew;
    }

    private static void WriteAuthority(string folder, string certificate, string key, DateTimeOffset now)
    {
        Directory.CreateDirectory(folder);
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bam cluster authority", pair, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var made = request.CreateSelfSigned(now - Leeway, now.AddYears(AuthorityYears));
        Secret(key, pair.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificate, made.ExportCertificatePem());
    }

    private static X509Certificate2 Read(string certificate, string key, DateTimeOffset now)
    {
        try
        {
            var authority = X509Certificate2.CreateFromPemFile(certificate, key);
            return authority.NotAfter > now ? authority : throw new UserException($"{certificate}: expired; remove its folder to make a new authority, and give every host the new files", 2);
        }
        catch (Exception e) when (e is CryptographicException or IOException)
        {
            throw new UserException($"{certificate}: cannot be used with {key}: {e.Message.TrimEnd('.')}; restore both, or remove their folder to make a new authority", 2);
        }
    }

    private static void WriteRole(string folder, TlsRole role, X509Certificate2 authority, int days, DateTimeOffset now)
    {
        Directory.CreateDirectory(folder);
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={TlsFolder.NameOf(role)}", pair, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(TlsFolder.NameOf(role));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(Usages(role), critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var end = now.AddDays(days);
        using var made = request.Create(authority, now - Leeway, end < authority.NotAfter ? end : authority.NotAfter, RandomNumberGenerator.GetBytes(16));
        Secret(Path.Combine(folder, TlsFolder.KeyFile), pair.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(folder, TlsFolder.CertificateFile), made.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, TlsFolder.AuthorityFile), authority.ExportCertificatePem());
    }

    // serverAuth, clientAuth: a silo is both, a console only calls.
    private static OidCollection Usages(TlsRole role) =>
        role == TlsRole.Silo ? [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")] : [new Oid("1.3.6.1.5.5.7.3.2")];

    private static void Secret(string path, string text)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(System.Text.Encoding.ASCII.GetBytes(text));
    }
}
