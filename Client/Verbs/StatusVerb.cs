using System.CommandLine;
using Bam.Client.Runs;
using Bam.Client.Views;

namespace Bam.Client.Verbs;

/// <summary><c>bam status RUN</c>: one look at a run.</summary>
internal sealed class StatusVerb : IVerb
{
    private readonly Argument<string> _run = new("RUN") { Description = "Name of the run" };

    public StatusVerb(GlobalOptions options, Terminal terminal, ClusterLink cluster, TimeProvider time)
    {
        Command = new("status", "Show where a run is") { _run };
        Command.SetAction(async (line, cancellation) =>
        {
            await using var client = await cluster.Open(line, cancellation).ConfigureAwait(false);
            var status = await RunWatcher.StatusOf(client, line.GetRequiredValue(_run), cancellation).ConfigureAwait(false);
            if (options.Json(line))
            {
                JsonOutput.Write(terminal.Output, status);
                return ExitCode.Done;
            }

            var curves = new LossCurves();
            curves.Recall(await RunWatcher.Histories(client, status, cancellation).ConfigureAwait(false));
            terminal.Screen.Write(new RunScreen(new(status, time.GetUtcNow()) { Curves = curves, Zone = time.LocalTimeZone }));
            if (status.Evaluations.Count > 0) terminal.Screen.Write(ResultScreen.Render(status));
            return ExitCode.Done;
        });
    }

    public Command Command { get; }
}
