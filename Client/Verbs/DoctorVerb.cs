using System.CommandLine;
using Bam.Client.Diagnosis;
using Bam.Client.Views;

namespace Bam.Client.Verbs;

/// <summary><c>bam doctor</c>: can this host train?</summary>
internal sealed class DoctorVerb : IVerb
{
    public DoctorVerb(GlobalOptions options, Terminal terminal, HostDoctor doctor)
    {
        Command = new("doctor", "Look whether this host can train; each failure with its fix");
        Command.SetAction(async (line, cancellation) =>
        {
            var checks = await doctor.Examine(options.Home(line), cancellation).ConfigureAwait(false);
            var healthy = checks.All(check => check.Verdict != Verdict.Failed);
            if (options.Json(line)) JsonOutput.Write(terminal.Output, new { Healthy = healthy, Checks = checks });
            else terminal.Screen.Write(CheckTable.Of(checks));
            return healthy ? ExitCode.Done : ExitCode.Failed;
        });
    }

    public Command Command { get; }
}
