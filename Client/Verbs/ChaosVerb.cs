using System.CommandLine;
using System.Globalization;
using Bam.Client.Chaos;
using Bam.Client.Clusters;
using Bam.Client.RunFiles;
using Bam.Client.Runs;
using Bam.Client.Views;

namespace Bam.Client.Verbs;

/// <summary><c>bam chaos RUN</c>: injects faults into a local cluster while a run goes on, and checks what must hold.</summary>
internal sealed class ChaosVerb : IVerb
{
    private readonly Argument<string> _run = new("RUN") { Description = "Name of a run that goes on" };

    private readonly Option<long?> _seed = new("--seed") { Description = "What the faults derive from (default: drawn, and printed)", HelpName = "S" };

    private readonly Option<string> _mtbf = new("--mtbf")
    {
        Description = "Mean time between faults, such as 500ms, 20s or 2m",
        HelpName = "TIME",
        DefaultValueFactory = _ => "20s",
    };

    private readonly Option<string?> _kinds = new("--kinds")
    {
        Description = "Which faults, such as kill,pause (default: all that the cluster can take)\n" +
            string.Join('\n', FaultKinds.All.Select(kind => $"{FaultKinds.Word(kind)}: {FaultKinds.Describe(kind)}")),
        HelpName = "LIST",
    };

    private readonly Option<string?> _duration =
        new("--duration") { Description = "End after this time and leave the run going (default: when the run ends)", HelpName = "TIME" };

    private readonly Option<int?> _faults = new("--faults") { Description = "At most so many faults; the run is watched to its end", HelpName = "N" };

    private readonly Option<string?> _reference =
        new("--reference") { Description = "A completed run of the same file under another name, undisturbed: the bits must be equal", HelpName = "RUN" };

    private readonly Option<string?> _referenceFile =
        new("--reference-file") { Description = "The same from a file: what 'bam status RUN --json' printed", HelpName = "FILE" };

    private readonly GlobalOptions _options;
    private readonly Terminal _terminal;
    private readonly ClusterLink _link;

    public ChaosVerb(GlobalOptions options, Terminal terminal, ClusterLink link)
    {
        (_options, _terminal, _link) = (options, terminal, link);
        _mtbf.MustBe(time => Time(time) > TimeSpan.Zero, "a time, such as 20s");
        _duration.MustBe(time => Time(time) > TimeSpan.Zero, "a time, such as 10m");
        _faults.MustBe(faults => faults is null or >= 1, "a whole number of at least 1");
        Command = new("chaos", "Inject faults into a local cluster while a run goes on, and check that nothing is lost")
        {
            _run, _seed, _mtbf, _kinds, _duration, _faults, _reference, _referenceFile,
        };
        Command.SetAction(Run);
    }

    public Command Command { get; }

    private async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var json = _options.Json(line);
        var asked = Kinds(line.GetValue(_kinds));
        using var cluster = await Local(line, cancellation).ConfigureAwait(false);
        var kinds = Possible(cluster, asked);
        var run = line.GetRequiredValue(_run);
        var seed = line.GetValue(_seed) ?? Random.Shared.Next();
        await using var session = new ChaosSession(
            new()
            {
                Run = run,
                Seed = seed,
                MeanTimeBetweenFaults = Time(line.GetValue(_mtbf))!.Value,
                Kinds = kinds,
                Duration = Time(line.GetValue(_duration)),
                MaxFaults = line.GetValue(_faults),
                Reference = await Reference(line, cancellation).ConfigureAwait(false),
                Command = Repeat(line, run, seed, kinds, cluster.Home),
            },
            cluster, token => _link.Open(line, token), (json ? _terminal.Error : _terminal.Output).WriteLine);
        var report = await session.Run(cancellation).ConfigureAwait(false);

        if (json) JsonOutput.Write(_terminal.Output, report);
        else _terminal.Screen.Write(ChaosScreen.Render(report));
        if (report.Violations.Count > 0) return ExitCode.Failed;
        return cancellation.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Done;
    }

    /// <exception cref="UserException">None is reachable, exit code 3; or one that is not local, exit code 2.</exception>
    private async Task<ChaosCluster> Local(ParseResult line, CancellationToken cancellation)
    {
        var home = _options.Home(line);
        if (ChaosCluster.Of(home) is { } local) return local;
        await using var reachable = await _link.Open(line, cancellation).ConfigureAwait(false);
        throw new UserException(
            $"the silos of {home.Folder} were not started by 'bam cluster up': chaos disturbs only a local cluster, which it can bring back", ExitCode.InputWrong);
    }

    /// <summary>The hashes that the run must end with; null when none were named.</summary>
    private async Task<IReadOnlyDictionary<string, string?>?> Reference(ParseResult line, CancellationToken cancellation)
    {
        if (line.GetValue(_referenceFile) is { } file) return ReferenceFile.Read(file);
        if (line.GetValue(_reference) is not { } run) return null;
        await using var client = await _link.Open(line, cancellation).ConfigureAwait(false);
        var status = await RunWatcher.StatusOf(client, run, cancellation).ConfigureAwait(false);
        return status.Phase == Contracts.Status.RunPhase.Completed
            ? status.Members.ToDictionary(member => member.Name, member => member.CheckpointHash)
            : throw new UserException($"--reference {run}: has not completed; name a run of the same file that has", ExitCode.InputWrong);
    }

    private static IReadOnlyList<FaultKind>? Kinds(string? list)
    {
        if (list is null) return null;
        var words = list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var wrong = words.FirstOrDefault(word => FaultKinds.Of(word) is null);
        if (wrong is not null || words.Length == 0)
            throw new UserException(
                Printable.Line($"--kinds: no fault '{wrong}'{NearestName.Hint(wrong ?? "", "faults", [.. FaultKinds.All.Select(FaultKinds.Word)])}"), ExitCode.InputWrong);
        return [.. words.Select(word => FaultKinds.Of(word)!.Value).Distinct()];
    }

    /// <summary>The kinds that were asked for, or all that this cluster can take.</summary>
    private static IReadOnlyList<FaultKind> Possible(ChaosCluster cluster, IReadOnlyList<FaultKind>? asked)
    {
        bool CanTake(FaultKind kind) => kind switch
        {
            FaultKind.Crash or FaultKind.NoSpace => cluster.Orders is not null,
            FaultKind.Pause => cluster.Silos.Count > 1,
            _ => true,
        };
        if (asked is null) return [.. FaultKinds.All.Where(CanTake)];
        return asked.All(CanTake)
            ? asked
            : throw new UserException(asked.First(kind => !CanTake(kind)) is FaultKind.Pause
                ? "--kinds pause: nobody would notice in a cluster of one silo; start more with 'bam cluster up --silos 2'"
                : $"--kinds {FaultKinds.Word(asked.First(kind => !CanTake(kind)))}: these silos take no orders; start them with: Bam__Faults={cluster.Home.Folder}/faults bam cluster up", ExitCode.InputWrong);
    }

    private string Repeat(ParseResult line, string run, long seed, IReadOnlyList<FaultKind> kinds, ClusterHome home)
    {
        var words = new List<string> { "bam chaos", run, $"--seed {seed}", $"--mtbf {line.GetValue(_mtbf)}", $"--kinds {string.Join(',', kinds.Select(FaultKinds.Word))}" };
        if (line.GetValue(_duration) is { } duration) words.Add($"--duration {duration}");
        if (line.GetValue(_faults) is { } faults) words.Add($"--faults {faults}");
        if (line.GetValue(_reference) is { } reference) words.Add($"--reference {reference}");
        if (line.GetValue(_referenceFile) is { } file) words.Add($"--reference-file '{file}'");
        words.Add($"--home '{home.Folder}'");
        return string.Join(' ', words);
    }

    /// <summary>Reads <c>500ms</c>, <c>20s</c>, <c>2m</c> or <c>1h</c>; null for anything else.</summary>
    private static TimeSpan? Time(string? text)
    {
        if (text is null) return null;
        var unit = text.TrimStart('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.');
        var seconds = unit switch { "ms" => 0.001, "s" => 1.0, "m" => 60.0, "h" => 3600.0, _ => double.NaN };
        return double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * seconds is > 0 and < 1e7
            ? TimeSpan.FromSeconds(number * seconds)
            : null;
    }
}
