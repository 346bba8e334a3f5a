using System.Globalization;
using System.Net;
using Bam.Contracts.Clusters.Tls;
using Bam.Silo.Page;
using Bam.Storage;
using Microsoft.Extensions.Configuration.CommandLine;

namespace Bam.Silo.Hosting;

/// <summary>
/// Options of a silo, from the command line (<c>--Bam:Name=silo-1</c>) or the environment (<c>Bam__Name=silo-1</c>).
/// </summary>
internal sealed record SiloSettings
{
    private const string Section = "Bam", TokenFile = nameof(PageToken) + "File";

    /// <summary>Name of the silo: letters, digits, '-', '_' and '.'; also its service.instance.id in telemetry. Default silo-1.</summary>
    public required string Name { get; init; }

    /// <summary>IP address to listen on and to be reached at by the other silos and clients. Default 127.0.0.1.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>IP address of the page, /metrics and /health. Default 127.0.0.1, whatever <see cref="Address"/> is.</summary>
    public required IPAddress HttpAddress { get; init; }

    /// <summary>Folder with ca.crt, tls.crt and tls.key (TlsFolder). Full path; null, the default, for no TLS, which only loopback allows.</summary>
    public string? Tls { get; init; }

    /// <summary>Port for the other silos. Keep it between restarts: it is the silo's identity. Default 11111.</summary>
    public required int SiloPort { get; init; }

    /// <summary>Port for clients. Default 11112.</summary>
    public required int GatewayPort { get; init; }

    /// <summary>Port of the page, /metrics and /health. Default 11113.</summary>
    public required int HttpPort { get; init; }

    /// <summary>
    /// What the page asks for before it shows anything; from Bam__PageToken, or from the file Bam:PageTokenFile. Null, the default: the page
    /// asks for nothing on loopback, and is off where others can reach <see cref="HttpAddress"/>.
    /// </summary>
    public PageToken? PageToken { get; init; }

    /// <summary>Whether the Orleans dashboard stands beside the page, at /orleans. Default true.</summary>
    public bool Dashboard { get; init; } = true;

    /// <summary>Home folder of the cluster; all its silos share it. Full path, created when missing.</summary>
    public required string Home { get; init; }

    /// <summary>
    /// Where membership, grain state and reminders are kept: sqlite (the default: a file in the home folder, for one host), postgres:@FILE
    /// or postgres:Host=HOST;Database=NAME;Username=USER.
    /// </summary>
    public required ClusterStore Database { get; init; }

    /// <summary>Root of the checkpoint store. Full path; default <c>store</c> in the home folder.</summary>
    public required string Store { get; init; }

    /// <summary>Folder of tokenised data. Full path; default <c>tokens</c> in the home folder.</summary>
    public required string TokenCache { get; init; }

    /// <summary>Torch device of the silo's slot: cpu, cuda or cuda:N. Default cpu.</summary>
    public required string Device { get; init; }

    /// <summary>Training sessions at once: 1, or 0 for a silo that only coordinates. Default 1.</summary>
    public required int Slots { get; init; }

    /// <summary>CPU threads of one training step. Default 1.</summary>
    public required int Threads { get; init; }

    /// <summary>FLOPs a second that the device could do, for bam_mfu_ratio; null, the default, to know it by the GPU's name or measure the CPU's.</summary>
    public double? PeakFlops { get; init; }

    /// <summary>Folder of an installed libtorch; null to use the one that came along.</summary>
    public string? LibTorch { get; init; }

    /// <summary>Folder of files that order faults (FaultFolder says how). Full path; null, the default, for none.</summary>
    public string? Faults { get; init; }

    /// <summary>Whether an address that others can reach may be used without TLS: whoever reaches it owns the cluster. Default false.</summary>
    public bool Insecure { get; init; }

    private static readonly string[] Names =
    [
        nameof(Name), nameof(Address), nameof(HttpAddress), nameof(Tls), nameof(Insecure), nameof(SiloPort), nameof(GatewayPort), nameof(HttpPort), nameof(Home), nameof(Database),
        nameof(Store), nameof(TokenCache), nameof(Device), nameof(Slots), nameof(Threads), nameof(PeakFlops), nameof(LibTorch), nameof(Faults),
        nameof(PageToken), "PageTokenFile", nameof(Dashboard),
    ];

    /// <summary>Reads and checks the options.</summary>
    /// <exception cref="SettingsException">An option is unknown, missing or cannot work.</exception>
    public static SiloSettings Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        RefuseUnknown(section);

        var home = Path.GetFullPath(section[nameof(Home)] is { Length: > 0 } folder
            ? folder
            : throw Wrong(nameof(Home), "missing; give the cluster's home folder, such as --Bam:Home=.bam"));
        var settings = new SiloSettings
        {
            Name = SiloName(section[nameof(Name)] ?? "silo-1"),
            Address = Ip(nameof(Address), section[nameof(Address)] ?? "127.0.0.1"),
            HttpAddress = Ip(nameof(HttpAddress), section[nameof(HttpAddress)] ?? "127.0.0.1"),
            Tls = section[nameof(Tls)] is { Length: > 0 } tls ? Certificates(Path.GetFullPath(tls, home)) : null,
            Insecure = Flag(section, nameof(Insecure)),
            SiloPort = Number(section, nameof(SiloPort), 11111, 1, 65535),
            GatewayPort = Number(section, nameof(GatewayPort), 11112, 1, 65535),
            HttpPort = Number(section, nameof(HttpPort), 11113, 1, 65535),
            PageToken = Token(configuration, section, home),
            Dashboard = section[nameof(Dashboard)] is null || Flag(section, nameof(Dashboard)),
            Home = home,
            Database = StoreOf(section[nameof(Database)], home),
            Store = Path.GetFullPath(section[nameof(Store)] ?? "store", home),
            TokenCache = Path.GetFullPath(section[nameof(TokenCache)] ?? "tokens", home),
            Device = TorchDevice(section[nameof(Device)] ?? "cpu"),
            Slots = Number(section, nameof(Slots), 1, 0, 1),
            Threads = Number(section, nameof(Threads), 1, 1, 1024),
            PeakFlops = Flops(section[nameof(PeakFlops)]),
            Faults = section[nameof(Faults)] is { Length: > 0 } faults ? Path.GetFullPath(faults, home) : null,
            LibTorch = ExistingFolder(section[nameof(LibTorch)]),
        };
        settings.RefuseSharedPorts();
        settings.RefuseStrangers();
        return settings;
    }

    private static void RefuseUnknown(IConfigurationSection section)
    {
        var unknown = section.GetChildren().FirstOrDefault(child => !Names.Contains(child.Key, StringComparer.OrdinalIgnoreCase));
        if (unknown is not null) throw Wrong(unknown.Key, $"no such option; options: {string.Join(", ", Names)}");
    }

    private void RefuseSharedPorts()
    {
        if (SiloPort == GatewayPort) throw Wrong(nameof(GatewayPort), $"{GatewayPort} is SiloPort already; give each its own port");
        if (HttpPort == SiloPort || HttpPort == GatewayPort)
            throw Wrong(nameof(HttpPort), $"{HttpPort} is SiloPort or GatewayPort already; give each its own port");
    }

    private static ClusterStore StoreOf(string? option, string home)
    {
        try
        {
            return ClusterStore.Parse(option, home);
        }
        catch (ClusterStoreException wrong)
        {
            throw Wrong(nameof(Database), wrong.Message);
        }
    }

    private void RefuseStrangers()
    {
        if (Tls is null && !Insecure && !IPAddress.IsLoopback(Address))
        {
            throw Wrong(nameof(Address), $"whoever reaches {Address} could join the cluster; give --Bam:Tls a folder of certificates ('bam cluster certificates' makes them), "
                + "or --Bam:Insecure=true where a network of your own keeps strangers out");
        }
    }

    private static string Certificates(string folder)
    {
        try
        {
            _ = new TlsFolder(folder, TlsRole.Silo).Load();
            return folder;
        }
        catch (TlsException wrong)
        {
            throw Wrong(nameof(Tls), wrong.Message);
        }
    }

    private static PageToken? Token(IConfiguration configuration, IConfigurationSection section, string home)
    {
        var (text, file) = (section[nameof(PageToken)], section[TokenFile]);
        if (configuration is IConfigurationRoot root
            && root.Providers.OfType<CommandLineConfigurationProvider>().Any(line => line.TryGet($"{Section}:{nameof(PageToken)}", out _)))
            throw Wrong(nameof(PageToken), $"every user of this host sees a command line; give the variable {Section}__{nameof(PageToken)}, or a file by {Section}:{TokenFile}");
        try
        {
            return (text, file) switch
            {
                ({ Length: > 0 }, { Length: > 0 }) => throw Wrong(TokenFile, $"there is {Section}__{nameof(PageToken)} already; give one of the two"),
                ({ Length: > 0 }, _) => new PageToken(text),
                (_, { Length: > 0 }) => PageToken.Read(Path.GetFullPath(file, home)),
                _ => null,
            };
        }
        catch (FormatException wrong)
        {
            throw Wrong(text is { Length: > 0 } ? nameof(PageToken) : TokenFile, wrong.Message);
        }
    }

    private static bool Flag(IConfigurationSection section, string name) => section[name] is { } text
        && (bool.TryParse(text, out var flag) ? flag : throw Wrong(name, $"'{text}' is neither true nor false"));

    private static string SiloName(string text) =>
        text.Length > 0 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
            ? text
            : throw Wrong(nameof(Name), $"'{text}' is not a silo's name; use letters, digits, '-', '_' and '.', such as silo-1");

    private static IPAddress Ip(string name, string text)
    {
        if (!IPAddress.TryParse(text, out var address))
            throw Wrong(name, $"'{text}' is not an IP address; give one, such as 127.0.0.1");
        return name == nameof(Address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            ? throw Wrong(name, $"the other silos cannot reach '{text}'; give the address of one interface, such as 127.0.0.1")
            : address;
    }

    private static string TorchDevice(string text)
    {
        var known = text is "cpu" or "cuda"
            || (text.StartsWith("cuda:", StringComparison.Ordinal) && byte.TryParse(text.AsSpan(5), NumberStyles.None, null, out _));
        return known ? text : throw Wrong(nameof(Device), $"'{text}' is not a device; give cpu, cuda or cuda:N");
    }

    private static int Number(IConfigurationSection section, string name, int otherwise, int least, int most)
    {
        if (section[name] is not { } text) return otherwise;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Wrong(name, $"'{text}' is not a number from {least} to {most}");
    }

    private static double? Flops(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var flops) && double.IsFinite(flops) && flops > 0
            ? flops
            : throw Wrong(nameof(PeakFlops), $"'{text}' is not a number of FLOPs a second; give one, such as 989e12");
    }

    private static string? ExistingFolder(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        return Directory.Exists(text)
            ? Path.GetFullPath(text)
            : throw Wrong(nameof(LibTorch), $"no folder '{text}'; give the folder of an installed libtorch");
    }

    private static SettingsException Wrong(string name, string what) => new($"{Section}:{name}: {what}");
}
