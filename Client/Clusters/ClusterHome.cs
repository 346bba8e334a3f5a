using Bam.Storage;

namespace Bam.Client.Clusters;

/// <summary>The folder of a local cluster: all that it keeps lies in here.</summary>
/// <param name="Folder">Path of the folder; relative paths are taken from the current folder, once.</param>
internal sealed record ClusterHome(string Folder)
{
    /// <summary>Full path of the folder.</summary>
    public string Folder { get; } = Path.GetFullPath(Folder);

    /// <summary>What names the database of the cluster (<see cref="ClusterStore"/>); null for the one that it was started with here.</summary>
    public string? Database { get; init; }

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

    /// <summary>The cluster's database: the one that is named, else the one that its silos were started with here, else the file in this folder.</summary>
    /// <exception cref="UserException">The name is wrong; exit code 2.</exception>
    public ClusterStore OpenDatabase()
    {
        try
        {
            return ClusterStore.Parse(Database ?? ClusterState.Read(this)?.Settings.Database, Folder);
        }
        catch (ClusterStoreException wrong)
        {
            throw new UserException($"--database or BAM_DATABASE: {wrong.Message}", wrong.ExitCode);
        }
    }

    /// <summary>Whether there is a database in which a cluster may be found; false only before the first silo has made the file.</summary>
    /// <exception cref="UserException">It does not answer, exit code 3; or it refuses us, exit code 2.</exception>
    public bool HasDatabase()
    {
        try
        {
            return OpenDatabase().IsPrepared();
        }
        catch (ClusterStoreException unusable)
        {
            throw new UserException(unusable.Message, unusable.ExitCode);
        }
    }

    /// <summary>Log of a silo, or of the keeper.</summary>
    public string LogOf(string name) => Path.Combine(Logs, $"{name}.log");
}
