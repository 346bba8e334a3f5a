using System.CommandLine;

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
            return await follower.Follow(client, line.GetRequiredValue(_run), options.Json(line), cancellation).ConfigureAwait(false);
        });
    }

    public Command Command { get; }
}
