using System.CommandLine;
using Bam.Client.Runs;

namespace Bam.Client.Verbs;

/// <summary><c>bam watch RUN</c>: shows a run until it ends.</summary>
internal sealed class WatchVerb : IVerb
{
    private readonly Argument<string> _run = new("RUN") { Description = "Name of the run" };

    public WatchVerb(GlobalOptions options, ClusterLink cluster, RunFollower follower)
    {
        Command = new("watch", "Watch a run until it ends; Ctrl-C leaves it going") { _run };
        Command.SetAction(async (line, cancellation) =>
        {
            await using var client = await cluster.Open(line, cancellation).ConfigureAwait(false);
            var (run, json) = (line.GetRequiredValue(_run), options.Json(line));
            await RunWatcher.StatusOf(client, run, cancellation).ConfigureAwait(false);
            await follower.Point(await cluster.Page(line, run, cancellation).ConfigureAwait(false), json).ConfigureAwait(false);
            return await follower.Follow(client, run, json, cancellation).ConfigureAwait(false);
        });
    }

    public Command Command { get; }
}
