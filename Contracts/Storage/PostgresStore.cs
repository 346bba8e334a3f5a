using System.Net.Sockets;
using Npgsql;

namespace Bam.Storage;

/// <summary>
/// The store of a cluster of any number of hosts: a database of a PostgreSQL server. The password comes from a file that the option
/// names, or, as with every client of PostgreSQL, from PGPASSWORD, PGPASSFILE or ~/.pgpass.
/// </summary>
public sealed record PostgresStore : ClusterStore
{
    private const UnixFileMode OfOthers = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly NpgsqlConnectionStringBuilder _connection;

    private PostgresStore(string option, NpgsqlConnectionStringBuilder connection)
    {
        Option = option;
        _connection = connection;
        ConnectionString = connection.ConnectionString;
    }

    public override string Option { get; }

    public override string Invariant => "Npgsql";

    public override string ConnectionString { get; }

    private string Server => $"PostgreSQL at {_connection.Host}:{_connection.Port}";

    public bool Equals(PostgresStore? other) => other?.ConnectionString == ConnectionString && other.Option == Option;

    public override int GetHashCode() => ConnectionString.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => $"{Server}, database {_connection.Database}, user {_connection.Username}";

    /// <summary>A silo changes no schema: its role need not have the right to.</summary>
    public override void Prepare()
    {
        using var connection = Open();
        var found = VersionOf(connection)
            ?? throw new ClusterStoreException($"{this}: holds no cluster yet; 'bam cluster schema --apply' makes the tables");
        if (found != PostgresSchema.Version) throw Differs(found);
    }

    public override bool IsPrepared()
    {
        Prepare();
        return true;
    }

    /// <summary>Makes what is missing of the tables, and with <paramref name="rights"/> the roles. Run again, it changes nothing.</summary>
    /// <exception cref="ClusterStoreException">The database does not answer, or this user may not.</exception>
    public void ApplySchema(bool rights)
    {
        using var connection = Open();
        if (VersionOf(connection) is > PostgresSchema.Version and var newer) throw Differs(newer);
        try
        {
            Run(connection, PostgresSchema.Tables);
            if (rights) Run(connection, PostgresSchema.Rights);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new ClusterStoreException(
                $"{this}: {refused.MessageText}; use the owner of the database, or give your administrator what 'bam cluster schema' prints");
        }
        catch (NpgsqlException failed)
        {
            throw Explain(failed);
        }
    }

    /// <summary>A store whose connection string stands in the option itself, without a password.</summary>
    internal static PostgresStore OfOption(string text)
    {
        var connection = Parsed(text);
        return connection.Password is null
            ? new($"postgres:{text}", connection)
            : throw new ClusterStoreException(
                "holds a password, which every user of this host can see; put it in ~/.pgpass or PGPASSWORD, or all of it in a file: postgres:@FILE");
    }

    /// <summary>A store whose connection string stands in a file: KEY=VALUE, separated by ';' or on lines; '#' begins a comment.</summary>
    internal static PostgresStore OfFile(string file)
    {
        var path = Path.GetFullPath(file);
        try
        {
            var lines = File.ReadAllLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#');
            var connection = Parsed(string.Join(';', lines));
            if (connection.Password is not null && !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & OfOthers) != 0)
                throw new ClusterStoreException($"holds a password and is open to every user; close it: chmod 600 {path}");
            return new($"postgres:@{path}", connection);
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            throw new ClusterStoreException($"cannot be read: {closed.Message}");
        }
        catch (ClusterStoreException wrong)
        {
            throw new ClusterStoreException($"{path}: {wrong.Message}");
        }
    }

    // What the driver says of a wrong text could quote it, and it may hold a password: only the words before '=' are shown.
    private static NpgsqlConnectionStringBuilder Parsed(string text)
    {
        NpgsqlConnectionStringBuilder connection;
        try
        {
            connection = new(text);
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            var words = text.Split(';').Select(pair => pair.Split('=')[0].Trim()).Where(word => word.Length > 0);
            throw new ClusterStoreException(
                $"no connection string of Npgsql (its words: {string.Join(", ", words)}); give Host=HOST;Database=NAME;Username=USER");
        }

        var missing = new[] { ("Host", connection.Host), ("Database", connection.Database), ("Username", connection.Username) }
            .Where(word => string.IsNullOrEmpty(word.Item2)).Select(word => word.Item1).ToArray();
        if (missing.Length > 0) throw new ClusterStoreException($"{string.Join(" and ", missing)} missing; give Host=HOST;Database=NAME;Username=USER");

        if (!connection.ContainsKey("Timeout")) connection.Timeout = 5;
        if (!connection.ContainsKey("Command Timeout")) connection.CommandTimeout = 10;
        if (!connection.ContainsKey("Maximum Pool Size")) connection.MaxPoolSize = 10; // of each silo; a server allows 100 by default
        if (!connection.ContainsKey("Application Name")) connection.ApplicationName = "bam";
        connection.PersistSecurityInfo = false;
        return connection;
    }

    private NpgsqlConnection Open()
    {
        var connection = new NpgsqlConnection(ConnectionString + ";Pooling=False");
        try
        {
            connection.Open();
            return connection;
        }
        catch (Exception failed) when (failed is NpgsqlException or SocketException or TimeoutException or ArgumentException)
        {
            connection.Dispose();
            throw Explain(failed);
        }
    }

    private int? VersionOf(NpgsqlConnection connection)
    {
        try
        {
            using var command = new NpgsqlCommand("SELECT max(Version) FROM BamSchema", connection);
            return command.ExecuteScalar() as int?;
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return null;
        }
        catch (NpgsqlException failed)
        {
            throw Explain(failed);
        }
    }

    private static void Run(NpgsqlConnection connection, string script)
    {
        using var command = new NpgsqlCommand(script, connection);
        command.ExecuteNonQuery();
    }

    private ClusterStoreException Differs(int found) => new(
        $"{this}: has schema {found}, this program needs {PostgresSchema.Version}; "
        + (found < PostgresSchema.Version ? "stop the silos and run 'bam cluster schema --apply'" : "use the program that made it, or a newer one"));

    private ClusterStoreException Explain(Exception failed)
    {
        var socket = failed as SocketException ?? failed.InnerException as SocketException;
        return failed switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } => new(
                $"{Server} refuses the user {_connection.Username} or the password; correct it in ~/.pgpass, PGPASSWORD or the file of postgres:@FILE"),
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => new(
                $"{Server} has no database {_connection.Database}; make it: createdb {_connection.Database}"),
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } closed => new(
                $"{this}: {closed.MessageText}; give the user the role bam_silo or bam_console of 'bam cluster schema --rights'"),
            PostgresException { SqlState: [ '5', '3' or '7', ..] } busy => new($"{Server} does not serve now ({busy.MessageText}); try again", 3),
            PostgresException other => new($"{this}: {other.MessageText} ({other.SqlState})"),
            _ when socket is { SocketErrorCode: SocketError.HostNotFound } => new(
                $"there is no host {_connection.Host}; correct Host= of the database"),
            NpgsqlException { InnerException: null } when failed.Message.Contains("password", StringComparison.OrdinalIgnoreCase) => new(
                $"{Server} wants a password of {_connection.Username}; put it in ~/.pgpass or PGPASSWORD, or in the file of postgres:@FILE"),
            _ => new($"{Server} does not answer ({(socket ?? failed).Message.TrimEnd('.')}); start it, or correct Host= and Port=", 3),
        };
    }
}
