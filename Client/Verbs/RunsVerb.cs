using System.CommandLine;
using Bam.Client.Runs;
using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Verbs;

/// <summary><c>bam runs</c>: all runs of the cluster.</summary>
internal sealed class RunsVerb : IVerb
{
    public RunsVerb(GlobalOptions options, Terminal terminal, ClusterLink cluster, TimeProvider time)
    {
        Command = new("runs", "List the runs of the cluster");
        Command.SetAction(async (line, cancellation) =>
        {
            await using var client = await cluster.Open(line, cancellation).ConfigureAwait(false);
            var runs = await client.ListRuns(cancellation).ConfigureAwait(false);
            if (options.Json(line))
                JsonOutput.Write(terminal.Output, runs);
            else if (runs.Count == 0)
                await terminal.Output.WriteLineAsync("no runs yet; start one with: bam launch FILE").ConfigureAwait(false);
            else
                terminal.Screen.Write(new RunList(await WithStatus(client, runs, cancellation).ConfigureAwait(false), time.GetUtcNow()));
            return ExitCode.Done;
        });
    }

    public Command Command { get; }

    private static async Task<IReadOnlyList<(RunSummary Run, RunStatus? Status)>> WithStatus(
        IRunClient client, IReadOnlyList<RunSummary> runs, CancellationToken cancellation) => await Task.WhenAll(runs.Select(async run =>
            (run, run.Ended is null ? await client.GetStatus(run.Name, cancellation).ConfigureAwait(false) : null))).ConfigureAwait(false);
}
