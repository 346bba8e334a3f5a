using System.CommandLine;
using Bam.Client.Clusters;
using Bam.Client.Demo;
using Bam.Client.RunFiles;
using Bam.Client.Runs;

namespace Bam.Client.Verbs;

/// <summary><c>bam demo</c>: the built-in experiment from nothing to the table, on a local cluster of its own.</summary>
internal sealed class DemoVerb : IVerb
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(60), StopLimit = TimeSpan.FromSeconds(60);

    private readonly Option<int> _silos = new("--silos")
    {
        Description = "Silo processes (default: one a processor, 3 or 4)",
        HelpName = "N",
        DefaultValueFactory = _ => Math.Clamp(Environment.ProcessorCount, 3, 4),
    };

    private readonly Option<double> _scale = new("--steps-scale")
    {
        Description = "Multiplies every length",
        HelpName = "X",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<bool> _keep = new("--keep") { Description = "Leave the cluster up" };

    private readonly Option<string?> _out =
        new("--out") { Description = "Where the numbered folder goes (default: HOME/demo)", HelpName = "DIR" };

    private readonly Option<string> _device =
        new("--device") { Description = "cpu or cuda", HelpName = "DEVICE", DefaultValueFactory = _ => "cpu" };

    private readonly GlobalOptions _options;
    private readonly Terminal _terminal;
    private readonly IClusters _clusters;
    private readonly IHostGpus _hostGpus;
    private readonly RunFollower _follower;
    private readonly CorpusWriter _corpus;

    public DemoVerb(GlobalOptions options, Terminal terminal, IClusters clusters, IHostGpus hostGpus, RunFollower follower, CorpusWriter corpus)
    {
        (_options, _terminal, _clusters, _hostGpus, _follower, _corpus) = (options, terminal, clusters, hostGpus, follower, corpus);
        _silos.MustBe(silos => silos is >= 1 and <= 64, "a whole number from 1 to 64");
        _scale.MustBe(scale => scale > 0 && double.IsFinite(scale), "a number more than 0");
        _device.MustBe(device => device is "cpu" or "cuda", "cpu or cuda");
        Command = new("demo", "Run the built-in experiment end to end on a local cluster, and print its table")
        {
            _silos, _scale, _keep, _out, _device,
        };
        Command.SetAction(Run);
    }

    public Command Command { get; }

    private async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var json = _options.Json(line);
        var progress = json ? _terminal.Error : _terminal.Output;
        var device = line.GetValue(_device)!;
        var settings = await Settings(line, device, cancellation).ConfigureAwait(false);
        var folder = DemoFolder.Next(Path.GetFullPath(line.GetValue(_out) ?? Path.Combine(_options.Home(line).Folder, "demo")));
        await progress.WriteLineAsync($"writing corpora and run file to {folder.Path}").ConfigureAwait(false);
        _corpus(folder.Data, DemoExperiment.Seed, DemoExperiment.TrainBytes, DemoExperiment.ValidationBytes);
        var runFile = DemoExperiment.RunFile(line.GetValue(_scale), device == "cuda" ? "bf16" : "fp32");
        await File.WriteAllTextAsync(folder.RunFile, runFile, cancellation).ConfigureAwait(false);
        var spec = RunFileReader.Read(folder.RunFile);

        // What is left running is said at the end, however it comes.
        try
        {
            await progress.WriteLineAsync($"starting {settings.Silos} silos").ConfigureAwait(false);
            await _clusters.Up(folder.Home, settings, cancellation).ConfigureAwait(false);
            await using var client = await _clusters.Connect(folder.Home, ConnectLimit, cancellation).ConfigureAwait(false);
            await client.Launch(spec, cancellation).ConfigureAwait(false);
            await _follower.Point((await _clusters.Status(folder.Home, cancellation).ConfigureAwait(false))?.PageOf(spec.Name), json).ConfigureAwait(false);
            return _follower.Conclude(await _follower.Watch(client, spec.Name, json, cancellation).ConfigureAwait(false), json);
        }
        finally
        {
            await End(folder, line.GetValue(_keep), progress).ConfigureAwait(false);
        }
    }

    private async Task<ClusterSettings> Settings(ParseResult line, string device, CancellationToken cancellation)
    {
        var gpus = device == "cuda" ? await Gpus(line, cancellation).ConfigureAwait(false) : [];
        var silos = gpus.Count > 0 ? gpus.Count : line.GetValue(_silos);
        return new()
        {
            Silos = silos,
            Device = device,
            Gpus = gpus,
            Threads = device == "cpu" ? Math.Max(1, Environment.ProcessorCount / silos) : null,
            LibTorch = _options.LibTorch(line),
        };
    }

    /// <summary>All of this host's GPUs, or as many as silos are asked for.</summary>
    private async Task<IReadOnlyList<string>> Gpus(ParseResult line, CancellationToken cancellation)
    {
        var gpus = await _hostGpus.List(cancellation).ConfigureAwait(false);
        if (gpus.Count == 0) throw new UserException("bam: this host has no GPU; leave --device cuda away", ExitCode.InputWrong);
        var all = GpuChoice.Of(GpuChoice.All, gpus, _hostGpus.Visible);
        return line.GetResult(_silos) is { Implicit: false } ? [.. all.Take(line.GetValue(_silos))] : all;
    }

    /// <summary>Stops the cluster even when the user interrupted, and says how to look again.</summary>
    private async Task End(DemoFolder folder, bool keep, TextWriter progress)
    {
        if (!keep)
        {
            try
            {
                using var limit = new CancellationTokenSource(StopLimit);
                await _clusters.Down(folder.Home, limit.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is UserException or OperationCanceledException)
            {
                await _terminal.Error.WriteLineAsync($"the cluster did not stop; stop it with: bam cluster down --home {folder.Path}")
                    .ConfigureAwait(false);
            }
        }

        var look = $"bam status {DemoExperiment.Name} --home {folder.Path}";
        var text = $"""
            everything lies in {folder.Path}: {DemoExperiment.FileName}, {DemoExperiment.DataFolder}, checkpoints, logs
            look again with: {(keep ? look : $"bam cluster up --home {folder.Path} && {look}")}
            """;
        if (keep) text += $"\nstop with: bam cluster down --home {folder.Path}";
        await progress.WriteLineAsync(text).ConfigureAwait(false);
    }
}
