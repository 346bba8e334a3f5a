using System.Net;
using Bam.Silo.Hosting;
using Bam.Silo.Page;
using Bam.Storage;
using Microsoft.Extensions.Configuration;

namespace Bam.Silo.Tests.Hosting;

public sealed class SiloSettingsTests
{
    [Fact]
    public void A_home_is_enough()
    {
        var settings = Read("--Bam:Home=/data/bam");

        Assert.Equal(
            new SiloSettings
            {
                Name = "silo-1",
                Address = IPAddress.Loopback,
                HttpAddress = IPAddress.Loopback,
                SiloPort = 11111,
                GatewayPort = 11112,
                HttpPort = 11113,
                Home = "/data/bam",
                Database = new SqliteStore("/data/bam"),
                Store = "/data/bam/store",
                TokenCache = "/data/bam/tokens",
                Device = "cpu",
                Slots = 1,
                Threads = 1,
            },
            settings);
    }

    [Fact]
    public void Every_option_can_be_given()
    {
        var settings = Read(
            "--Bam:Home=/h", "--Bam:Name=gpu_0.a", "--Bam:Address=10.0.0.7", "--Bam:HttpAddress=0.0.0.0", "--Bam:Insecure=true",
            "--Bam:SiloPort=1", "--Bam:GatewayPort=2", "--Bam:HttpPort=65535",
            "--Bam:Database=postgres:Host=db;Database=bam;Username=silos",
            "--Bam:Store=/mnt/store", "--Bam:TokenCache=cache",
            "--Bam:Device=cuda:3", "--Bam:Slots=0", "--Bam:Threads=8", "--Bam:PeakFlops=989e12", "--Bam:LibTorch=/", "--Bam:Faults=faults");

        Assert.Equal(
            new SiloSettings
            {
                Name = "gpu_0.a",
                Address = IPAddress.Parse("10.0.0.7"),
                HttpAddress = IPAddress.Any,
                Insecure = true,
                SiloPort = 1,
                GatewayPort = 2,
                HttpPort = 65535,
                Home = "/h",
                Database = ClusterStore.Parse("postgres:Host=db;Database=bam;Username=silos", "/h"),
                Store = "/mnt/store",
                TokenCache = "/h/cache",
                Device = "cuda:3",
                Slots = 0,
                Threads = 8,
                PeakFlops = 989e12,
                LibTorch = "/",
                Faults = "/h/faults",
            },
            settings);
    }

    [Theory]
    [InlineData("--Bam:Home=", "Bam:Home: missing; give the cluster's home folder, such as --Bam:Home=.bam")]
    [InlineData("--Bam:SiloPrt=5", "Bam:SiloPrt: no such option; options: Name, Address, HttpAddress, Tls, Insecure, SiloPort,")]
    [InlineData("--Bam:SiloPort=0", "Bam:SiloPort: '0' is not a number from 1 to 65535")]
    [InlineData("--Bam:HttpPort=http", "Bam:HttpPort: 'http' is not a number from 1 to 65535")]
    [InlineData("--Bam:GatewayPort=11111", "Bam:GatewayPort: 11111 is SiloPort already")]
    [InlineData("--Bam:HttpPort=11112", "Bam:HttpPort: 11112 is SiloPort or GatewayPort already")]
    [InlineData("--Bam:Name=silo 1", "Bam:Name: 'silo 1' is not a silo's name")]
    [InlineData("--Bam:Address=localhost", "Bam:Address: 'localhost' is not an IP address")]
    [InlineData("--Bam:Address=0.0.0.0", "Bam:Address: the other silos cannot reach '0.0.0.0'")]
    [InlineData("--Bam:Database=mysql", "Bam:Database: no such store; give sqlite, postgres:@FILE or postgres:Host=HOST;")]
    [InlineData("--Bam:Database=postgres://silos:secret@db/bam", "Bam:Database: no such store; give sqlite, postgres:@FILE or postgres:Host=HOST;")]
    [InlineData("--Bam:Database=postgres:Host=db;Database=bam", "Bam:Database: Username missing; give Host=HOST;Database=NAME;Username=USER")]
    [InlineData("--Bam:Database=postgres:Hst=db;Database=bam", "Bam:Database: no connection string of Npgsql (its words: Hst, Database)")]
    [InlineData("--Bam:Database=postgres:Host=db;Database=bam;Username=silos;Password=secret", "Bam:Database: holds a password, which every user")]
    [InlineData("--Bam:Database=postgres:@/no/such/file", "Bam:Database: cannot be read: Could not find")]
    [InlineData("--Bam:Address=10.0.0.7", "Bam:Address: whoever reaches 10.0.0.7 could join the cluster; give --Bam:Tls a folder of certificates")]
    [InlineData("--Bam:HttpAddress=here", "Bam:HttpAddress: 'here' is not an IP address")]
    [InlineData("--Bam:Insecure=yes", "Bam:Insecure: 'yes' is neither true nor false")]
    [InlineData("--Bam:Tls=/no/such/folder", "Bam:Tls: /no/such/folder: there is no ca.crt; ")]
    [InlineData("--Bam:Device=gpu", "Bam:Device: 'gpu' is not a device; give cpu, cuda or cuda:N")]
    [InlineData("--Bam:Device=cuda:x", "Bam:Device: 'cuda:x' is not a device")]
    [InlineData("--Bam:Slots=2", "Bam:Slots: '2' is not a number from 0 to 1")]
    [InlineData("--Bam:Threads=0", "Bam:Threads: '0' is not a number from 1 to 1024")]
    [InlineData("--Bam:PeakFlops=fast", "Bam:PeakFlops: 'fast' is not a number of FLOPs a second; give one, such as 989e12")]
    [InlineData("--Bam:PeakFlops=-1", "Bam:PeakFlops: '-1' is not a number of FLOPs a second")]
    [InlineData("--Bam:Dashboard=on", "Bam:Dashboard: 'on' is neither true nor false")]
    [InlineData("--Bam:PageToken=secret-secret-secret", "Bam:PageToken: every user of this host sees a command line; give the variable Bam__PageToken, or a file")]
    [InlineData("--Bam:PageTokenFile=/no/such/file", "Bam:PageTokenFile: /no/such/file cannot be read: Could not find")]
    [InlineData("--Bam:LibTorch=/no/such/folder", "Bam:LibTorch: no folder '/no/such/folder'")]
    public void What_cannot_work_is_one_line_that_names_the_option_and_the_fix(string argument, string line)
    {
        var wrong = Assert.Throws<SettingsException>(() => Read("--Bam:Home=/h", argument));

        Assert.StartsWith(line, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', wrong.Message);
        Assert.DoesNotContain("secret", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_pages_token_comes_from_the_environment_or_a_file_and_not_from_both()
    {
        var given = new Dictionary<string, string?> { ["Bam:Home"] = "/h", ["Bam:PageToken"] = "correct-horse-battery", ["Bam:Dashboard"] = "false" };
        var settings = SiloSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(given).Build());
        Assert.Equal((new PageToken("correct-horse-battery"), false), (settings.PageToken, settings.Dashboard));

        var both = Assert.Throws<SettingsException>(() => SiloSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(given).AddCommandLine(["--Bam:PageTokenFile=/h/token"]).Build()));
        Assert.Equal("Bam:PageTokenFile: there is Bam__PageToken already; give one of the two", both.Message);
        given["Bam:PageToken"] = "too-short";
        var shorter = Assert.Throws<SettingsException>(() => SiloSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(given).Build()));
        Assert.Equal("Bam:PageToken: a token has 16 characters or more, this one has 9; 'openssl rand -hex 24' draws one", shorter.Message);
    }

    private static SiloSettings Read(params string[] arguments) =>
        SiloSettings.Read(new ConfigurationBuilder().AddCommandLine(arguments).Build());
}
