using System.CommandLine;
using Bam.Client.Clusters;
using Bam.Client.Plans;
using Bam.Client.RunFiles;
using Bam.Client.Runs;
using Bam.Contracts.Grains;
using Bam.Contracts.Runs;

namespace Bam.Client.Verbs;

/// <summary><c>bam launch FILE</c>: submits a run and watches it. Ctrl-C leaves the run going.</summary>
internal sealed class LaunchVerb : IVerb
{
    private readonly Argument<string> _file = new("FILE") { Description = "Run file" };

    private readonly Option<bool> _detach = new("--detach") { Description = "Do not watch" };

    private readonly Option<bool> _force = new("--force") { Description = "Launch even what does not seem to fit the devices" };

    private readonly GlobalOptions _options;
    private readonly Terminal _terminal;
    private readonly ClusterLink _cluster;
    private readonly RunFollower _follower;
    private readonly DeviceMemory _memory;

    public LaunchVerb(GlobalOptions options, Terminal terminal, ClusterLink cluster, RunFollower follower, DeviceMemory memory)
    {
        (_options, _terminal, _cluster, _follower, _memory) = (options, terminal, cluster, follower, memory);
        Command = new("launch", "Submit a run and watch it; Ctrl-C leaves it going") { _file, _detach, _memory.Option, _force };
        Command.SetAction(Launch);
    }

    public Command Command { get; }

    private async Task<int> Launch(ParseResult line, CancellationToken cancellation)
    {
        var json = _options.Json(line);
        var spec = RunFileReader.Read(line.GetRequiredValue(_file));
        foreach (var warning in RunWarnings.Of(spec)) await _terminal.Error.WriteLineAsync(warning).ConfigureAwait(false);
        await using var client = await _cluster.Open(line, cancellation).ConfigureAwait(false);
        if (!line.GetValue(_force)) await RefuseTooLarge(client, spec, line, cancellation).ConfigureAwait(false);
        var (outcome, detail) = await client.Launch(spec, cancellation).ConfigureAwait(false);
        var said = detail is null ? "" : $": {Printable.Line(detail)}";
        if (outcome == LaunchOutcome.NameTaken)
            throw new UserException(
                $"{line.GetRequiredValue(_file)}: name: another run is called '{spec.Name}'{said}; {(detail is null ? "" : "or ")}give this one another name",
                ExitCode.InputWrong);
        if (outcome == LaunchOutcome.AlreadyLaunched)
            await _terminal.Error.WriteLineAsync($"{spec.Name} was launched before").ConfigureAwait(false);
        if (outcome == LaunchOutcome.Extended)
            await _terminal.Error.WriteLineAsync($"{spec.Name} was extended{said}").ConfigureAwait(false);
        await _follower.Point(await _cluster.Page(line, spec.Name, cancellation).ConfigureAwait(false), json).ConfigureAwait(false);
        if (!line.GetValue(_detach)) return await _follower.Follow(client, spec.Name, json, cancellation).ConfigureAwait(false);

        if (json) JsonOutput.Write(_terminal.Output, new { Run = spec.Name, Outcome = outcome, Detail = detail });
        else await _terminal.Output.WriteLineAsync($"{spec.Name} is under way; look with: bam watch {spec.Name}").ConfigureAwait(false);
        return ExitCode.Done;
    }

    /// <exception cref="UserException">A model does not fit a device of the cluster.</exception>
    private async Task RefuseTooLarge(IRunClient client, RunSpec spec, ParseResult line, CancellationToken cancellation)
    {
        var devices = await client.ListDevices(cancellation).ConfigureAwait(false);
        var onGpus = devices.Any(device => device.Device.StartsWith("cuda", StringComparison.Ordinal));
        if (await _memory.Of(line, onGpus, cancellation).ConfigureAwait(false) is not { } bytes) return;
        if (DeviceFit.Of(spec, bytes) is { Count: > 0 } tooLarge)
            throw new UserException($"{string.Join('\n', tooLarge)}\nnothing was started; --force launches it all the same", ExitCode.InputWrong);
    }
}
