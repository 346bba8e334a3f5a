using System.CommandLine;
using Bam.Client.Clusters;
using Bam.Client.Plans;
using Bam.Client.RunFiles;
using Bam.Client.Views;

namespace Bam.Client.Verbs;

/// <summary>
/// <c>bam plan FILE</c>: validates a run file and tells what the run will take; starts nothing. A model that its device has no room for is
/// named with what would fit, and is wrong input. A preset's name instead of a file, where
/// no file has it, prints the paper's comparison for that shape.
/// </summary>
internal sealed class PlanVerb : IVerb
{
    private readonly Argument<string> _file = new("FILE") { Description = $"Run file, or a preset: {string.Join(", ", Presets.All.Keys)}" };

    private readonly Option<double?> _speed = new("--flops-per-second")
    {
        Description = "Measured training speed of one device in model FLOPs a second; adds times",
        HelpName = "N",
    };

    private readonly Option<int> _devices = new("--devices")
    {
        Description = "Device slots that train at the same time, for the times",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };

    public PlanVerb(GlobalOptions options, Terminal terminal, DeviceMemory memory)
    {
        _speed.MustBe(speed => speed is null or > 0 && double.IsFinite(speed ?? 1), "a number more than 0");
        _devices.MustBe(devices => devices is >= 1 and <= 65_536, "a whole number from 1 to 65536");
        Command = new("plan", "Validate a run file and print parameters, FLOPs, memory, disk and time; starts nothing")
        {
            _file, _speed, _devices, memory.Option,
        };
        Command.SetAction(async (line, cancellation) =>
        {
            var file = line.GetRequiredValue(_file);
            var json = options.Json(line);
            if (IsPreset(file))
            {
                if (line.GetValue(_speed) is not null)
                    throw new UserException("--flops-per-second: a preset has no training to time; give a run file", ExitCode.InputWrong);
                var comparison = PresetPlan.Of(file);
                if (json) JsonOutput.Write(terminal.Output, comparison);
                else terminal.Screen.Write(PresetScreen.Render(comparison));
                return ExitCode.Done;
            }

            var spec = RunFileReader.Read(file);
            foreach (var warning in RunWarnings.Of(spec)) await terminal.Error.WriteLineAsync(warning).ConfigureAwait(false);
            var device = await memory.Of(line, onGpus: true, cancellation).ConfigureAwait(false);
            var plan = RunPlan.Of(spec, line.GetValue(_speed), line.GetValue(_devices), device);
            if (json) JsonOutput.Write(terminal.Output, plan);
            else terminal.Screen.Write(PlanScreen.Render(plan));
            foreach (var model in plan.TooLarge) await terminal.Error.WriteLineAsync($"{model}").ConfigureAwait(false);
            return plan.TooLarge.Count == 0 ? ExitCode.Done : ExitCode.InputWrong;
        });
    }

    public Command Command { get; }

    /// <exception cref="UserException">It is nothing, but close to a preset's name.</exception>
    private static bool IsPreset(string file)
    {
        if (File.Exists(file)) return false;
        if (Presets.All.ContainsKey(file)) return true;
        if (!Directory.Exists(file) && NearestName.Of(file, Presets.All.Keys) is { } preset)
            throw new UserException($"{file}: no such run file; did you mean the preset '{preset}'?", ExitCode.InputWrong);
        return false;
    }
}
