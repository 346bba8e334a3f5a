using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Bam.Cluster;

/// <summary>A cluster that asks for certificates: real processes, and strangers at its doors.</summary>
public sealed class TlsTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bam-tls-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Silos_and_consoles_with_certificates_work_together_and_nobody_else_gets_in()
    {
        var (ours, theirs) = (await Certificates("ours"), await Certificates("theirs"));
        var home = Path.Combine(_folder, "home");
        KeyValuePair<string, string> console = new("BAM_TLS", Path.Combine(ours, "console")), silo = new("Bam__Tls", Path.Combine(ours, "silo"));
        (await BamProcess.Run([console, silo], "cluster", "up", "--silos", "2", "--threads", "1", "--port-base", $"{TestCluster.PortBase}", "--home", home)).MustSucceed();
        try
        {
            (await BamProcess.Run([console], "runs", "--home", home)).MustSucceed();
            var plain = await BamProcess.Run("runs", "--home", home);
            Assert.Equal(3, plain.ExitCode);
            Assert.StartsWith("no cluster answers at ", plain.Error, StringComparison.Ordinal);
            var wrong = await BamProcess.Run("runs", "--home", home, "--tls", Path.Combine(theirs, "console"));
            output.WriteLine(wrong.Error);
            Assert.Equal(3, wrong.ExitCode);
            Assert.Matches(@"^the silo at 127\.0\.0\.1:\d+ is not trusted: its certificate is not of this cluster's authority .*/console/ca\.crt that cluster's authority\?\s*$", wrong.Error);
            var role = await BamProcess.Run("runs", "--home", home, "--tls", Path.Combine(ours, "silo"));
            Assert.Equal((2, 1), (role.ExitCode, role.Error.Trim().Split('\n').Length));

            using var state = System.Text.Json.JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(home, "cluster.json"), Cancellation));
            var first = state.RootElement.GetProperty("silos")[0];
            int siloPort = first.GetProperty("siloPort").GetInt32(), gatewayPort = first.GetProperty("gatewayPort").GetInt32();
            Assert.False(await LetsIn(gatewayPort, null));
            Assert.False(await LetsIn(gatewayPort, Path.Combine(theirs, "console")));
            Assert.True(await LetsIn(gatewayPort, Path.Combine(ours, "console")));
            Assert.False(await LetsIn(siloPort, Path.Combine(ours, "console")));
            Assert.True(await LetsIn(siloPort, Path.Combine(ours, "silo")));

            var log = await File.ReadAllTextAsync(Path.Combine(home, "logs", "silo-1.log"), Cancellation);
            Assert.Contains("was refused: it showed no certificate", log, StringComparison.Ordinal);
            Assert.Contains("was refused: its certificate is not of this cluster's authority", log, StringComparison.Ordinal);
            Assert.Contains("was refused: its certificate is not that of a silo", log, StringComparison.Ordinal);
        }
        finally
        {
            await BamProcess.Run([console], "cluster", "down", "--home", home);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<string> Certificates(string name)
    {
        var folder = Path.Combine(_folder, name);
        (await BamProcess.Run("cluster", "certificates", "--out", folder)).MustSucceed();
        return folder;
    }

    /// <summary>Whether a port takes bytes from somebody who trusts everybody and shows the certificate of a folder, or none.</summary>
    private static async Task<bool> LetsIn(int port, string? folder)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", port, Cancellation);
        await using var ssl = new SslStream(socket.GetStream());
        using var certificate = folder is null ? null : X509Certificate2.CreateFromPemFile(Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"));
        try
        {
            await ssl.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "anybody",
                    ClientCertificates = certificate is null ? [] : [certificate],
#pragma warning disable CA5359 // a stranger that is after a way in trusts everybody
                    RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
                },
                Cancellation);
            // In TLS 1.3 a refusal comes after the client's last word: as an end or a reset instead of silence.
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            silence.CancelAfter(TimeSpan.FromSeconds(2));
            return await ssl.ReadAsync(new byte[1], silence.Token) > 0;
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            return true;   // it waits for us to speak
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return false;
        }
    }
}
