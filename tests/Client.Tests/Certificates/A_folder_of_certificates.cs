using System.Runtime.Versioning;
using Bam.Client.Certificates;
using Bam.Client.Clusters;
using Bam.Contracts.Clusters.Tls;

namespace Bam.Client.Tests.Certificates;

public sealed class A_folder_of_certificates : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bam-tls-").FullName;

    private string Console => Path.Combine(_folder, "console");

    private string Silo => Path.Combine(_folder, "silo");

    [Fact, SupportedOSPlatform("linux")]
    public void Is_made_for_each_role_and_its_keys_are_for_the_owner_alone()
    {
        Assert.True(CertificateSet.Write(_folder, days: 30, DateTimeOffset.UtcNow));

        _ = new TlsFolder(Silo, TlsRole.Silo).Load();
        _ = new TlsFolder(Console, TlsRole.Console).Load();
        Assert.All(Directory.EnumerateFiles(_folder, "*.key", SearchOption.AllDirectories), key =>
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key)));
    }

    [Fact]
    public void Is_made_anew_under_the_authority_that_is_there()
    {
        CertificateSet.Write(_folder, days: 30, DateTimeOffset.UtcNow);
        var authority = File.ReadAllText(Path.Combine(Silo, TlsFolder.AuthorityFile));
        var certificate = File.ReadAllText(Path.Combine(Silo, TlsFolder.CertificateFile));

        Assert.False(CertificateSet.Write(_folder, days: 30, DateTimeOffset.UtcNow));

        Assert.Equal(authority, File.ReadAllText(Path.Combine(Silo, TlsFolder.AuthorityFile)));
        Assert.NotEqual(certificate, File.ReadAllText(Path.Combine(Silo, TlsFolder.CertificateFile)));
        _ = new TlsFolder(Silo, TlsRole.Silo).Load();
    }

    [Fact]
    public void That_has_expired_says_so()
    {
        CertificateSet.Write(_folder, days: 1, new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));

        Assert.Equal($"{Console}/tls.crt: expired on 2026-01-03; make a new one", Refusal(Console, TlsRole.Console));
    }

    [Fact]
    public void Of_another_role_says_so()
    {
        CertificateSet.Write(_folder, days: 30, DateTimeOffset.UtcNow);

        Assert.Equal(
            $"{Console}/tls.crt: is not the certificate of a silo: it lacks the DNS name silo.bam; give the right folder", Refusal(Console, TlsRole.Silo));
    }

    [Fact]
    public void That_another_authority_signed_says_so()
    {
        CertificateSet.Write(_folder, days: 30, DateTimeOffset.UtcNow);
        var other = Path.Combine(_folder, "other");
        CertificateSet.Write(other, days: 30, DateTimeOffset.UtcNow);
        File.Copy(Path.Combine(other, "silo", "ca.crt"), Path.Combine(Silo, "ca.crt"), overwrite: true);

        Assert.Equal($"{Silo}/tls.crt: is not signed by ca.crt beside it; take both from one authority", Refusal(Silo, TlsRole.Silo));
    }

    [Theory]
    [InlineData("ca.crt")]
    [InlineData("tls.crt")]
    [InlineData("tls.key")]
    public void Lacks_a_file_or_has_another_in_its_place_and_says_which(string file)
    {
        CertificateSet.Write(_folder, days: 30, DateTimeOffset.UtcNow);
        var path = Path.Combine(Silo, file);

        File.WriteAllText(path, "not a certificate\n");
        var broken = Refusal(Silo, TlsRole.Silo);
        File.Delete(path);
        var missing = Refusal(Silo, TlsRole.Silo);

        Assert.StartsWith($"{Silo}/{(file == "ca.crt" ? file : "tls.crt")}: cannot be used: ", broken, StringComparison.Ordinal);
        Assert.Contains(file, missing, StringComparison.Ordinal);
        Assert.All([broken, missing], line => Assert.DoesNotContain('\n', line));
    }

    [Fact]
    public void Of_the_authority_that_lost_its_key_makes_nothing_and_says_so()
    {
        CertificateSet.Write(_folder, days: 30, DateTimeOffset.UtcNow);
        File.Delete(Path.Combine(_folder, "authority", "ca.key"));
        var before = File.ReadAllText(Path.Combine(Silo, "tls.crt"));

        var refused = Assert.Throws<UserException>(() => CertificateSet.Write(_folder, days: 30, DateTimeOffset.UtcNow));

        Assert.Equal(2, refused.ExitCode);
        Assert.StartsWith($"{_folder}/authority/ca.crt: cannot be used with {_folder}/authority/ca.key", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(Path.Combine(Silo, "tls.crt")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Refusal(string folder, TlsRole role) => Assert.Throws<TlsException>(() => _ = new TlsFolder(folder, role).Load()).Message;
}
