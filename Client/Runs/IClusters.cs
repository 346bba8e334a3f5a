using Bam.Client.Clusters;

namespace Bam.Client.Runs;

/// <summary>Starts, finds and stops the cluster of a home folder.</summary>
internal interface IClusters
{
    /// <exception cref="UserException">No cluster reachable; exit code 3.</exception>
    Task<IRunClient> Connect(ClusterHome home, TimeSpan limit, CancellationToken cancellation);

    Task Up(ClusterHome home, ClusterSettings settings, CancellationToken cancellation);

    /// <summary>Null when the home has never had a cluster.</summary>
    Task<ClusterReport?> Status(ClusterHome home, CancellationToken cancellation);

    /// <summary>False when there was nothing to stop.</summary>
    Task<bool> Down(ClusterHome home, CancellationToken cancellation);
}
