namespace Bam.Client.Clusters;

/// <summary>How a local cluster stands.</summary>
/// <param name="Folder">Its home folder.</param>
/// <param name="KeeperRunning">True when the process that restarts dead silos is alive.</param>
/// <param name="Silos">Its silos, in the order of their numbers.</param>
internal sealed record ClusterReport(string Folder, bool KeeperRunning, IReadOnlyList<SiloReport> Silos)
{
    /// <summary>Where a browser sees the runs: at any silo, so at the first that is ready; null when none is.</summary>
    public string? Page => Silos.FirstOrDefault(silo => silo.Ready) is { } silo ? $"http://127.0.0.1:{silo.HttpPort}/" : null;

    /// <summary>The same for one run.</summary>
    public string? PageOf(string run) => Page is { } page ? $"{page}#/run/{run}" : null;
}
