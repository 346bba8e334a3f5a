using Bam.Contracts.Clusters;

namespace Bam.Client.Clusters;

/// <summary>The folder of a local cluster: all that it keeps lies in here.</summary>
/// <param name="Folder">Path of the folder; relative paths are taken from the current folder, once.</param>
internal sealed record ClusterHome(string Folder)
{
    /// <summary>Full path of the folder.</summary>
    public string Folder { get; } = Path.GetFullPath(Folder);

    /// <summary>Membership, grain state and reminders.</summary>
    public string Database => SqliteStore.PathIn(Folder);

    /// <summary>Root of the checkpoint store.</summary>
    public string Store => Path.Combine(Folder, "store");

    /// <summary>Tokenised data.</summary>
    public string Tokens => Path.Combine(Folder, "tokens");

    /// <summary>Output of the silos and of their keeper.</summary>
    public string Logs => Path.Combine(Folder, "logs");

    /// <summary>What runs here and with which settings (<see cref="ClusterState"/>).</summary>
    public string StateFile => Path.Combine(Folder, "cluster.json");

    /// <summary>Locked by the keeper for as long as it lives.</summary>
    public string KeeperLock => Path.Combine(Folder, "keeper.lock");

    /// <summary>Locked while a console starts or stops the cluster.</summary>
    public string ConsoleLock => Path.Combine(Folder, "console.lock");

    /// <summary>The silos as targets for Prometheus (<see cref="ScrapeTargets"/>).</summary>
    public string Targets => Path.Combine(Folder, "targets.json");

    /// <summary>Log of a silo, or of the keeper.</summary>
    public string LogOf(string name) => Path.Combine(Logs, $"{name}.log");
}
