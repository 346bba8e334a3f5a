using System.CommandLine;
using Bam.Client.Plans;
using Bam.Client.RunFiles;
using Bam.Client.Views;

namespace Bam.Client.Verbs;

/// <summary><c>bam plan FILE</c>: validates a run file and tells what the run will take; starts nothing.</summary>
internal sealed class PlanVerb : IVerb
{
    private readonly Argument<string> _file = new("FILE") { Description = "Run file" };

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

    public PlanVerb(GlobalOptions options, Terminal terminal)
    {
        _speed.MustBe(speed => speed is null or > 0 && double.IsFinite(speed ?? 1), "a number more than 0");
        _devices.MustBe(devices => devices is >= 1 and <= 65_536, "a whole number from 1 to 65536");
        Command = new("plan", "Validate a run file and print parameters, FLOPs, memory, disk and time; starts nothing")
        {
            _file, _speed, _devices,
        };
        Command.SetAction(line =>
        {
            var spec = RunFileReader.Read(line.GetRequiredValue(_file));
            foreach (var warning in TwinExperts.Warnings(spec)) terminal.Error.WriteLine(warning);
            var plan = RunPlan.Of(spec, line.GetValue(_speed), line.GetValue(_devices));
            if (options.Json(line)) JsonOutput.Write(terminal.Output, plan);
            else terminal.Screen.Write(PlanScreen.Render(plan));
            return ExitCode.Done;
        });
    }

    public Command Command { get; }
}
