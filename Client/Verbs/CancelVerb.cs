using System.CommandLine;
using Bam.Client.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Verbs;

/// <summary><c>bam cancel RUN</c>: stops a run for good; its checkpoints stay.</summary>
internal sealed class CancelVerb : IVerb
{
    private readonly Argument<string> _run = new("RUN") { Description = "Name of the run" };

    public CancelVerb(GlobalOptions options, Terminal terminal, ClusterLink cluster)
    {
        Command = new("cancel", "Stop a run for good; published checkpoints stay") { _run };
        Command.SetAction(async (line, cancellation) =>
        {
            var run = line.GetRequiredValue(_run);
            await using var client = await cluster.Open(line, cancellation).ConfigureAwait(false);
            var status = await RunWatcher.StatusOf(client, run, cancellation).ConfigureAwait(false);

            // A repeated call after a lost answer finds the run cancelled: that is what was asked for.
            var cancelled = await client.Cancel(run, cancellation).ConfigureAwait(false)
                || !status.HasEnded
                    && (await RunWatcher.StatusOf(client, run, cancellation).ConfigureAwait(false)).Phase == RunPhase.Cancelled;
            if (options.Json(line)) JsonOutput.Write(terminal.Output, new { Run = run, Cancelled = cancelled });
            else if (cancelled) await terminal.Output.WriteLineAsync($"{run} is cancelled; its checkpoints stay").ConfigureAwait(false);
            if (!cancelled) await terminal.Error.WriteLineAsync($"{run} has ended already").ConfigureAwait(false);
            return cancelled ? ExitCode.Done : ExitCode.Failed;
        });
    }

    public Command Command { get; }
}
