namespace Bam.Storage;

/// <summary>
/// Where a cluster keeps membership, grain state and reminders. Silos and the console name it by the same option, which never holds a
/// password: it may be saved, logged and seen in a list of processes.
/// </summary>
public abstract record ClusterStore
{
    /// <summary>The option's word for the embedded store.</summary>
    public const string Sqlite = "sqlite";

    /// <summary>How the option may read.</summary>
    public const string Forms = "sqlite, postgres:@FILE or postgres:Host=HOST;Database=NAME;Username=USER";

    /// <summary>Orleans' cluster and service id. The store separates clusters, so the id need not.</summary>
    public const string ClusterId = "bam";

    private const string Postgres = "postgres:";

    /// <summary>The option that names this store, whole wherever it is read: paths are full.</summary>
    public abstract string Option { get; }

    /// <summary>Orleans' name for the database driver.</summary>
    public abstract string Invariant { get; }

    /// <summary>Connection string for the driver. May hold a password.</summary>
    public abstract string ConnectionString { get; }

    /// <summary>The store that an option names; null or empty is the file in the home folder.</summary>
    /// <param name="option">One of <see cref="Forms"/>; the path of FILE is taken from the current folder.</param>
    /// <param name="home">Home folder of the cluster.</param>
    /// <exception cref="ClusterStoreException">The option names no store. The caller names the option.</exception>
    public static ClusterStore Parse(string? option, string home)
    {
        if (string.IsNullOrWhiteSpace(option) || option == Sqlite) return new SqliteStore(home);
        if (!option.StartsWith(Postgres, StringComparison.Ordinal) || option.StartsWith("postgres://", StringComparison.Ordinal))
            throw new ClusterStoreException($"no such store; give {Forms}");
        var text = option[Postgres.Length..];
        return text.StartsWith('@') ? PostgresStore.OfFile(text[1..]) : PostgresStore.OfOption(text);
    }

    /// <summary>What a silo does before it starts. Changes nothing in a store that is ready.</summary>
    /// <exception cref="ClusterStoreException">The store cannot be used.</exception>
    public abstract void Prepare();

    /// <summary>Whether a cluster may be found here: what a console asks before it connects.</summary>
    /// <exception cref="ClusterStoreException">The store cannot be used.</exception>
    public abstract bool IsPrepared();

    /// <summary>The store in words, without a secret.</summary>
    public abstract override string ToString();
}
