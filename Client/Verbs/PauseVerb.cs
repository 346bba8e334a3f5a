using System.CommandLine;
using Bam.Client.Runs;

namespace Bam.Client.Verbs;

/// <summary><c>bam pause RUN</c> and <c>bam resume RUN</c>: a run stands still and goes on.</summary>
internal sealed class PauseVerb : IVerb
{
    private readonly Argument<string> _run = new("RUN") { Description = "Name of the run" };

    /// <param name="pauses">Whether it pauses; else it resumes.</param>
    public PauseVerb(bool pauses, GlobalOptions options, Terminal terminal, ClusterLink cluster)
    {
        Command = pauses
            ? new("pause", "Have a run save and give its devices back until it is resumed") { _run }
            : new("resume", "Let a paused run go on") { _run };
        Command.SetAction(async (line, cancellation) =>
        {
            var run = line.GetRequiredValue(_run);
            await using var client = await cluster.Open(line, cancellation).ConfigureAwait(false);
            await RunWatcher.StatusOf(client, run, cancellation).ConfigureAwait(false);
            var done = await (pauses ? client.Pause(run, cancellation) : client.Resume(run, cancellation)).ConfigureAwait(false);
            if (options.Json(line)) JsonOutput.Write(terminal.Output, new { Run = run, Paused = done && pauses });
            else if (done) await terminal.Output.WriteLineAsync(pauses ? $"{run} is paused; let it go on with: bam resume {run}" : $"{run} goes on").ConfigureAwait(false);
            if (!done) await terminal.Error.WriteLineAsync($"{run} has ended already").ConfigureAwait(false);
            return done ? ExitCode.Done : ExitCode.Failed;
        });
    }

    public Command Command { get; }
}
