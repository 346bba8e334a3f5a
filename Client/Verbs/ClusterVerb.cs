using System.CommandLine;
using Bam.Client.Certificates;
using Bam.Client.Clusters;
using Bam.Client.Runs;
using Bam.Client.Views;
using Bam.Contracts.Status;
using Bam.Storage;

namespace Bam.Client.Verbs;

/// <summary><c>bam cluster up|status|down|schema</c>: the local cluster of a home, and the tables of any.</summary>
internal sealed class ClusterVerb : IVerb
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(30);

    private readonly Option<int> _silos = new("--silos") { Description = "Silo processes", HelpName = "N", DefaultValueFactory = _ => 2 };

    private readonly Option<string?> _gpus =
        new("--gpus") { Description = "GPUs to train on, such as 0,1, or all: one silo each", HelpName = "LIST" };

    private readonly Option<int?> _threads = new("--threads") { Description = "CPU threads of a silo's training", HelpName = "N" };

    private readonly Option<int?> _portBase = new("--port-base") { Description = "First port of the cluster", HelpName = "PORT" };

    private readonly Option<string> _out =
        new("--out") { Description = "Folder of the certificates", HelpName = "DIR", Required = true };

    private readonly Option<int> _days =
        new("--days") { Description = "Days that they are valid; the authority's are 3650", HelpName = "N", DefaultValueFactory = _ => 365 };

    private readonly GlobalOptions _options;
    private readonly Terminal _terminal;
    private readonly IClusters _clusters;
    private readonly IHostGpus _hostGpus;

    public ClusterVerb(GlobalOptions options, Terminal terminal, IClusters clusters, IHostGpus hostGpus)
    {
        (_options, _terminal, _clusters, _hostGpus) = (options, terminal, clusters, hostGpus);
        _silos.MustBe(silos => silos is >= 1 and <= 64, "a whole number from 1 to 64");
        _threads.MustBe(threads => threads is null or (>= 1 and <= 1024), "a whole number from 1 to 1024");
        _portBase.MustBe(port => port is null or (>= 1024 and <= 65_000), "a port from 1024 to 65000");
        _days.MustBe(days => days is >= 1 and <= 3650, "a whole number from 1 to 3650");
        _gpus.MustBe(list => list is null || GpuChoice.CanRead(list), "numbers of GPUs, such as 0,1, or all");

        var up = new Command("up", "Start the cluster of this home, or what is missing of it") { _silos, _gpus, _threads, _portBase };
        up.SetAction(Up);
        var status = new Command("status", "Show the silos and their devices");
        status.SetAction(Status);
        var down = new Command("down", "Stop the cluster; runs go on when it comes up again");
        down.SetAction(Down);
        var certificates = new Command("certificates", "Make the certificates that silos and consoles of several hosts show each other") { _out, _days };
        certificates.SetAction(Certificates);
        Command = new("cluster", "Start, show and stop a local cluster") 
        {
            up, status, down, new SchemaVerb(options, terminal).Command, certificates,
        };
    }

    public Command Command { get; }

    private async Task<int> Up(ParseResult line, CancellationToken cancellation)
    {
        var home = _options.Home(line);
        var gpus = await Gpus(line, cancellation).ConfigureAwait(false);
        await _clusters.Up(home, new()
        {
            Silos = gpus.Count > 0 ? gpus.Count : line.GetValue(_silos),
            Database = home.Database is null ? null : home.OpenDatabase().Option,
            Device = gpus.Count > 0 ? "cuda" : "cpu",
            Gpus = gpus,
            Threads = line.GetValue(_threads),
            PortBase = line.GetValue(_portBase),
            LibTorch = _options.LibTorch(line),
        }, cancellation).ConfigureAwait(false);
        return await Status(line, cancellation).ConfigureAwait(false);
    }

    private async Task<int> Status(ParseResult line, CancellationToken cancellation)
    {
        var home = _options.Home(line);
        var report = await _clusters.Status(home, cancellation).ConfigureAwait(false);
        // Silos that were started by hand are known to their database only.
        if (report is null && home.Database is null or ClusterStore.Sqlite)
            throw new UserException($"no cluster in {home.Folder}; start one with: bam cluster up", 3);
        var answers = report is null || report.Silos.Any(silo => silo.Ready);
        var devices = answers ? await Devices(home, cancellation).ConfigureAwait(false) : null;
        report ??= new(home.Folder, KeeperRunning: false, []);
        if (_options.Json(line))
            JsonOutput.Write(_terminal.Output, new { report.Folder, report.KeeperRunning, report.Page, report.Silos, Devices = devices });
        else
            _terminal.Screen.Write(ClusterScreen.Render(report, devices));
        return devices is null ? ExitCode.NoCluster : ExitCode.Done;
    }

    private async Task<int> Down(ParseResult line, CancellationToken cancellation)
    {
        var home = _options.Home(line);
        var stopped = await _clusters.Down(home, cancellation).ConfigureAwait(false);
        if (_options.Json(line))
            JsonOutput.Write(_terminal.Output, new { home.Folder, Stopped = stopped });
        else
            await _terminal.Output.WriteLineAsync(stopped ? "the cluster is stopped" : $"no cluster ran in {home.Folder}")
                .ConfigureAwait(false);
        return ExitCode.Done;
    }

    private int Certificates(ParseResult line)
    {
        var folder = Path.GetFullPath(line.GetValue(_out)!);
        var isNew = CertificateSet.Write(folder, line.GetValue(_days), DateTimeOffset.UtcNow);
        if (_options.Json(line))
        {
            JsonOutput.Write(_terminal.Output, new { Folder = folder, NewAuthority = isNew });
            return ExitCode.Done;
        }

        _terminal.Output.WriteLine($"{folder}/silo     for every silo: --Bam:Tls=DIR");
        _terminal.Output.WriteLine($"{folder}/console  for every console: --tls DIR");
        _terminal.Output.WriteLine($"{folder}/authority/ca.key signs them: keep it off the hosts");
        return ExitCode.Done;
    }

    private async Task<IReadOnlyList<DeviceStatus>?> Devices(ClusterHome home, CancellationToken cancellation)
    {
        try
        {
            await using var client = await _clusters.Connect(home, ConnectLimit, cancellation).ConfigureAwait(false);
            return await client.ListDevices(cancellation).ConfigureAwait(false);
        }
        catch (UserException e) when (e.ExitCode == ExitCode.NoCluster)
        {
            return null;
        }
    }

    /// <summary>The GPUs that a line asks for; none when it asks for none.</summary>
    private async Task<IReadOnlyList<string>> Gpus(ParseResult line, CancellationToken cancellation)
    {
        if (line.GetValue(_gpus) is not { } list) return [];
        var gpus = GpuChoice.Of(list, await _hostGpus.List(cancellation).ConfigureAwait(false), _hostGpus.Visible);
        return line.GetResult(_silos) is { Implicit: false } && line.GetValue(_silos) != gpus.Count
            ? throw new UserException($"--silos {line.GetValue(_silos)}: --gpus {list} is one silo for each of {gpus.Count} GPUs; leave --silos away", ExitCode.InputWrong)
            : gpus;
    }
}
