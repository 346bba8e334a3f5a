using Bam.Client.Certificates;
using Bam.Contracts.Clusters.Tls;

namespace Bam.Client.Tests.Certificates;

public sealed class A_handshake : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bam-tls-").FullName;

    public A_handshake()
    {
        CertificateSet.Write(Ours, days: 30, DateTimeOffset.UtcNow);
        CertificateSet.Write(Theirs, days: 30, DateTimeOffset.UtcNow);
    }

    private string Ours => Path.Combine(_folder, "ours");

    private string Theirs => Path.Combine(_folder, "theirs");

    [Fact]
    public async Task Lets_silos_and_consoles_of_the_cluster_speak()
    {
        Assert.Equivalent(new { Answered = true, RefusedByServer = (string?)null }, await Handshake.Between(Silo(Ours), Console(Ours), asSilo: false));
        Assert.Equivalent(new { Answered = true, RefusedByServer = (string?)null }, await Handshake.Between(Silo(Ours), Silo(Ours), asSilo: true));
    }

    [Fact]
    public async Task Lets_no_console_be_a_silo()
    {
        var handshake = await Handshake.Between(Silo(Ours), Console(Ours), asSilo: true);

        Assert.False(handshake.Answered);
        Assert.Equal("its certificate is not that of a silo", handshake.RefusedByServer);
    }

    [Fact]
    public async Task Tells_a_console_that_the_silo_is_a_stranger()
    {
        var handshake = await Handshake.Between(Silo(Theirs), Console(Ours), asSilo: false);

        Assert.False(handshake.Answered);
        Assert.StartsWith("its certificate is not of this cluster's authority", handshake.RefusedByClient, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_who_speaks_without_certificates()
    {
        var handshake = await Handshake.Between(Silo(Ours), client: null, asSilo: false);

        Assert.False(handshake.Answered);
        Assert.NotNull(handshake.RefusedByServer);
    }

    [Fact]
    public async Task Takes_renewed_files_without_a_restart()
    {
        var silo = Silo(Ours);
        Assert.True((await Handshake.Between(silo, Console(Ours), asSilo: false)).Answered);

        CertificateSet.Write(Ours, days: 60, DateTimeOffset.UtcNow);

        Assert.True((await Handshake.Between(silo, Console(Ours), asSilo: false)).Answered);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static TlsFolder Silo(string set) => new(Path.Combine(set, "silo"), TlsRole.Silo);

    private static TlsFolder Console(string set) => new(Path.Combine(set, "console"), TlsRole.Console);
}
