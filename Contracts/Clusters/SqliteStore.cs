namespace Bam.Contracts.Clusters;

/// <summary>
/// Where a cluster of one host keeps membership, grain state and reminders: one SQLite file in its home folder. Silos and the console
/// must agree on every word of this.
/// </summary>
public static class SqliteStore
{
    /// <summary>Name of the database file in the home folder.</summary>
    public const string FileName = "cluster.db";

    /// <summary>Orleans' name for SQLite; it stands for the driver Microsoft.Data.Sqlite as well.</summary>
    public const string Invariant = "System.Data.SQLite";

    /// <summary>Orleans' cluster and service id. The file separates clusters, so the id need not.</summary>
    public const string ClusterId = "bam";

    /// <summary>The database file of a home folder.</summary>
    public static string PathIn(string home) => Path.Combine(home, FileName);

    /// <summary>
    /// Connection string of the database file of <paramref name="home"/>. It never creates the file (a silo does, with its schema), and
    /// waits up to 10 s for another writer.
    /// </summary>
    public static string ConnectionString(string home) =>
        $"Data Source=\"{PathIn(home).Replace("\"", "\"\"", StringComparison.Ordinal)}\";Mode=ReadWrite;Default Timeout=10";
}
