namespace Bam.Client.Clusters;

/// <summary>How a local cluster stands.</summary>
/// <param name="Folder">Its home folder.</param>
/// <param name="KeeperRunning">True when the process that restarts dead silos is alive.</param>
/// <param name="Silos">Its silos, in the order of their numbers.</param>
internal sealed record ClusterReport(string Folder, bool KeeperRunning, IReadOnlyList<SiloReport> Silos);
