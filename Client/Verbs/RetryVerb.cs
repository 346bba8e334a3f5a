using System.CommandLine;
using Bam.Client.Clusters;
using Bam.Client.Runs;
using Bam.Contracts.Grains;
using Bam.Contracts.Status;

namespace Bam.Client.Verbs;

/// <summary><c>bam retry RUN BRANCH</c>: takes a failed or cancelled model up again, and the run with it.</summary>
internal sealed class RetryVerb : IVerb
{
    private readonly Argument<string> _run = new("RUN") { Description = "Name of the run" };
    private readonly Argument<string> _model = new("BRANCH") { Description = "Seed model, branch or mixture that has failed" };

    public RetryVerb(GlobalOptions options, Terminal terminal, ClusterLink cluster)
    {
        Command = new("retry", "Take a failed or cancelled model up again from its last checkpoint; the run goes on") { _run, _model };
        Command.SetAction(async (line, cancellation) =>
        {
            var (run, name) = (line.GetRequiredValue(_run), line.GetRequiredValue(_model));
            await using var client = await cluster.Open(line, cancellation).ConfigureAwait(false);
            var model = new ModelReference(null, run, name).In(await RunWatcher.StatusOf(client, run, cancellation).ConfigureAwait(false));

            // A repeated call after a lost answer finds nothing to retry any more: the first one has worked.
            if (await client.Retry(run, name, cancellation).ConfigureAwait(false) != RetryOutcome.TakenUp
                && model.State is not (MemberState.Failed or MemberState.Cancelled))
            {
                throw new UserException(
                    $"'{name}' of {run} is {JsonOutput.Word(model.State)}: only a failed or cancelled model can be tried again", ExitCode.InputWrong);
            }

            if (options.Json(line)) JsonOutput.Write(terminal.Output, new { Run = run, Model = name, Retried = true });
            else await terminal.Output.WriteLineAsync($"{name} of {run} is tried again; watch it with: bam watch {run}").ConfigureAwait(false);
            return ExitCode.Done;
        });
    }

    public Command Command { get; }
}
