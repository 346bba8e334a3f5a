using Microsoft.Data.Sqlite;

namespace Bam.Storage;

/// <summary>
/// Brings the cluster's SQLite file into being: private to its owner, in WAL mode, with the schema of <c>sqlite.sql</c>. Any number of
/// silos may do so at the same moment; the first one applies the schema, the others find it.
/// </summary>
internal static class SqliteDatabase
{
    /// <summary>Version of the schema, kept in the file as <c>PRAGMA user_version</c>.</summary>
    public const int SchemaVersion = 1;

    private const int ApplicationId = 0x42414D31; // "BAM1"
    private const int NotADatabase = 26;
    private const int Corrupt = 11;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Prepares the database of a home folder, creating both when they are missing. Changes nothing in a prepared one.</summary>
    /// <exception cref="ClusterStoreException">The file is not ours, of another version, damaged, or cannot be written.</exception>
    public static void Prepare(SqliteStore store)
    {
        var (home, file) = (store.Home, store.Path);
        try
        {
            Directory.CreateDirectory(home);
            CreatePrivately(file);
            using var connection = new SqliteConnection(store.ConnectionString);
            connection.Open();
            // One snapshot: read one by one, the numbers could be from before and after another silo's commit.
            using (connection.BeginTransaction(deferred: true))
            {
                if (!IsNew(connection, file)) return;
            }

            Execute(connection, "PRAGMA journal_mode = WAL");
            ApplySchema(connection, file);
        }
        catch (SqliteException broken) when (broken.SqliteErrorCode is NotADatabase or Corrupt)
        {
            throw new ClusterStoreException(
                $"{file}: not a SQLite database, or a damaged one; restore it, or move it away to start a new cluster");
        }
        catch (Exception closed) when (closed is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new ClusterStoreException(
                $"{file}: cannot be used ({closed.Message}); give a folder on a local disk that can be written as Bam:Home");
        }
    }

    // The mode is set at creation: SQLite would follow the umask. Its -wal and -shm files take the mode of the file.
    private static void CreatePrivately(string file)
    {
        if (File.Exists(file)) return;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        try
        {
            using var created = new FileStream(file, options);
        }
        catch (IOException) when (File.Exists(file))
        {
            // Another silo was faster.
        }
    }

    private static void ApplySchema(SqliteConnection connection, string file)
    {
        using var script = new StreamReader(typeof(SqliteDatabase).Assembly.GetManifestResourceStream("Bam.Storage.sqlite.sql")!);
        using var transaction = connection.BeginTransaction(deferred: false); // BEGIN IMMEDIATE: one silo at a time
        if (!IsNew(connection, file)) return;
        Execute(connection, script.ReadToEnd());
        Execute(connection, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {SchemaVersion};");
        transaction.Commit();
    }

    private static bool IsNew(SqliteConnection connection, string file)
    {
        var (application, version) = (Number(connection, "PRAGMA application_id"), Number(connection, "PRAGMA user_version"));
        if (application == ApplicationId && version == SchemaVersion) return false;
        if (application == ApplicationId)
        {
            throw new ClusterStoreException(
                $"{file}: has schema {version}, this program needs {SchemaVersion}; use the program that wrote it, or another Bam:Home");
        }
        if (application != 0 || version != 0 || Number(connection, "SELECT count(*) FROM sqlite_master") != 0)
            throw new ClusterStoreException($"{file}: is the database of another program; give another Bam:Home");
        return true;
    }

    private static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
