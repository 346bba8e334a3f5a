namespace Bam.Storage;

/// <summary>The store of a cluster on one host: one SQLite file in its home folder.</summary>
/// <param name="Home">The home folder.</param>
public sealed record SqliteStore(string Home) : ClusterStore
{
    /// <summary>Name of the database file in the home folder.</summary>
    public const string FileName = "cluster.db";

    /// <summary>The database file.</summary>
    public string Path => System.IO.Path.Combine(Home, FileName);

    public override string Option => Sqlite;

    /// <summary>Orleans' name for SQLite; it stands for the driver Microsoft.Data.Sqlite as well.</summary>
    public override string Invariant => "System.Data.SQLite";

    /// <summary>It never creates the file (a silo does, with its schema), and waits up to 10 s for another writer.</summary>
    public override string ConnectionString =>
        $"Data Source=\"{Path.Replace("\"", "\"\"", StringComparison.Ordinal)}\";Mode=ReadWrite;Default Timeout=10";

    public override void Prepare() => SqliteDatabase.Prepare(this);

    public override bool IsPrepared() => File.Exists(Path);

    public override string ToString() => $"SQLite, {Path}";
}
