using System.CommandLine;
using Bam.Client.Runs;

namespace Bam.Client.Verbs;

/// <summary>Connects a verb to the cluster of the home that its command line names.</summary>
internal sealed class ClusterLink(GlobalOptions options, IClusters clusters)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <exception cref="Clusters.UserException">No cluster reachable; exit code 3.</exception>
    public Task<IRunClient> Open(ParseResult line, CancellationToken cancellation) =>
        clusters.Connect(options.Home(line), Limit, cancellation);
}
