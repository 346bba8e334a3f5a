using Bam.Client.Runs;
using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Verbs;

/// <summary>Follows a run to its end with the view that fits the terminal, and tells how it ended.</summary>
internal sealed class RunFollower(Terminal terminal, TimeProvider time)
{
    /// <summary>Says where a browser sees a run.</summary>
    /// <param name="page">Its address; null to say nothing.</param>
    /// <param name="json">Whether the output is for a document.</param>
    public async Task Point(string? page, bool json)
    {
        if (page is not null) await (json ? terminal.Error : terminal.Output).WriteLineAsync($"in a browser: {page}").ConfigureAwait(false);
    }

    /// <summary>Shows the run until it ends; with JSON its last status is the one document on the output.</summary>
    /// <returns>0 for a completed run, 1 for a failed or cancelled one, 130 when the user stopped looking.</returns>
    public async Task<int> Follow(IRunClient client, string run, bool json, CancellationToken cancellation)
    {
        try
        {
            return Conclude(await Watch(client, run, json, cancellation).ConfigureAwait(false), json);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await terminal.Error.WriteLineAsync($"{run} goes on; come back with: bam watch {run}").ConfigureAwait(false);
            return ExitCode.Interrupted;
        }
    }

    /// <summary>Shows the run until it ends.</summary>
    public Task<RunStatus> Watch(IRunClient client, string run, bool json, CancellationToken cancellation)
    {
        IRunView view = terminal.IsLive && !json
            ? new LiveRunView(terminal.Screen, time)
            : new PlainRunView(json ? terminal.Error : terminal.Output, time);
        return new RunWatcher(time).Watch(client, run, view, cancellation);
    }

    /// <summary>Prints what came out of a run that has ended.</summary>
    /// <returns>0 for a completed run, else 1.</returns>
    public int Conclude(RunStatus status, bool json)
    {
        if (json) JsonOutput.Write(terminal.Output, status);
        else if (status.Evaluations.Count > 0) terminal.Screen.Write(ResultScreen.Render(status));
        if (status.Phase == RunPhase.Completed) return ExitCode.Done;
        var failed = status.Members
            .Where(member => member.State == MemberState.Failed && member.Error is not null)
            .Select(member => $"{member.Name}: {member.Error}");
        terminal.Error.WriteLine(status.Phase == RunPhase.Cancelled
            ? $"{status.Name} was cancelled"
            : $"{status.Name} failed: {status.Error ?? failed.FirstOrDefault() ?? "no reason known"}");
        return ExitCode.Failed;
    }
}
