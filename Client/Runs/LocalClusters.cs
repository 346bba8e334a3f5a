using Bam.Client.Clusters;

namespace Bam.Client.Runs;

/// <summary>Clusters of silo processes on this host.</summary>
internal sealed class LocalClusters(TimeProvider time) : IClusters
{
    public async Task<IRunClient> Connect(ClusterHome home, TimeSpan limit, CancellationToken cancellation)
    {
        var connection = await ClusterConnection.Open(home, limit, cancellation).ConfigureAwait(false);
        return new RunConsole(connection.Grains, connection, new Patience(time));
    }

    public Task Up(ClusterHome home, ClusterSettings settings, CancellationToken cancellation) =>
        LocalCluster.Up(home, settings, cancellation);

    public Task<ClusterReport?> Status(ClusterHome home, CancellationToken cancellation) => LocalCluster.Status(home, cancellation);

    public Task<bool> Down(ClusterHome home, CancellationToken cancellation) => LocalCluster.Down(home, cancellation);
}
