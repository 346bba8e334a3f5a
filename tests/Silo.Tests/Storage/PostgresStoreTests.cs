using System.Net;
using System.Net.Sockets;
using Bam.Postgres;
using Bam.Storage;

namespace Bam.Silo.Tests.Storage;

[Collection(nameof(PostgresCollection))]
public sealed class PostgresStoreTests(PostgresFixture postgres) : IDisposable
{
    private const string Secret = "t0ps3cret";

    private readonly TemporaryFolder _temporary = new();

    private PostgresServer Server => postgres.Server;

    [Fact]
    public async Task The_schema_applied_again_changes_nothing_and_counts_its_version()
    {
        var database = Fresh();
        var name = NameOf(database);
        await Server.Sql(name, "INSERT INTO OrleansMembershipVersionTable VALUES ('bam', now(), 7)");

        database.AsOwner.ApplySchema(rights: true);
        database.AsSilo.Prepare();

        Assert.Equal("7", await Server.Sql(name, "SELECT Version FROM OrleansMembershipVersionTable"));
        Assert.Equal("20", await Server.Sql(name, "SELECT count(*) FROM OrleansQuery")); // 10 of membership, 3 of state, 7 of reminders
        Assert.Equal($"{PostgresSchema.Version}", await Server.Sql(name, "SELECT Version FROM BamSchema"));
    }

    [Fact]
    public async Task Consoles_that_apply_the_schema_at_once_apply_it_one_after_another()
    {
        var owner = Store(PostgresDatabase.Empty(Server), PostgresServer.Owner, Server.Password);

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => owner.ApplySchema(rights: true), TestContext.Current.CancellationToken)));

        owner.Prepare();
    }

    [Fact]
    public void A_database_without_the_schema_is_refused_with_the_command_that_makes_it() =>
        AssertRefused(Store(PostgresDatabase.Empty(Server), PostgresServer.Owner, Server.Password), 2, "holds no cluster yet; 'bam cluster schema --apply'");

    [Theory]
    [InlineData(0, "has schema 0, this program needs 1; stop the silos and run 'bam cluster schema --apply'")]
    [InlineData(99, "has schema 99, this program needs 1; use the program that made it")]
    public async Task A_schema_of_another_version_is_refused(int version, string line)
    {
        var database = Fresh();
        await Server.Sql(NameOf(database), $"UPDATE BamSchema SET Version = {version}");

        AssertRefused(database.AsSilo, 2, line);
    }

    [Fact]
    public async Task The_schema_of_a_newer_program_is_not_replaced_by_an_older_one()
    {
        var database = Fresh();
        await Server.Sql(NameOf(database), "UPDATE BamSchema SET Version = 99");

        Assert.Throws<ClusterStoreException>(() => database.AsOwner.ApplySchema(rights: false));
        var byHand = await Assert.ThrowsAnyAsync<Exception>(() => Server.Sql(NameOf(database), PostgresSchema.Tables));

        Assert.Contains("the schema of a newer program: version 99", byHand.Message, StringComparison.Ordinal);
        Assert.Equal("99", await Server.Sql(NameOf(database), "SELECT Version FROM BamSchema"));
    }

    [Fact]
    public void A_wrong_password_is_refused_without_showing_it() =>
        AssertRefused(Store("postgres", PostgresServer.Owner, Secret), 2, "refuses the user owner or the password; correct it in ~/.pgpass, PGPASSWORD or");

    [Fact]
    public void A_user_that_does_not_exist_is_refused_like_a_wrong_password() =>
        AssertRefused(Store("postgres", "nobody_here", Secret), 2, "refuses the user nobody_here or the password");

    [Fact]
    public void A_missing_password_is_asked_for()
    {
        var store = (PostgresStore)ClusterStore.Parse($"postgres:Host=127.0.0.1;Port={Server.Port};Database=bam;Username=nobody;Passfile=/dev/null", "/h");

        AssertRefused(store, 2, "wants a password of nobody; put it in ~/.pgpass or PGPASSWORD");
    }

    [Fact]
    public void A_database_that_does_not_exist_is_refused_with_its_name() =>
        AssertRefused(Store("no_such_database", PostgresServer.Owner, Server.Password), 2, "has no database no_such_database; make it: createdb no_such_database");

    [Fact]
    public void A_host_that_does_not_exist_is_refused_with_its_name() =>
        AssertRefused(Elsewhere("no-such-host.invalid", 5432), 2, "there is no host no-such-host.invalid; correct Host=");

    [Fact]
    public void A_server_that_does_not_run_has_an_exit_code_of_its_own() =>
        AssertRefused(Elsewhere("127.0.0.1", ClosedPort()), 3, "does not answer (Connection refused); start it, or correct Host= and Port=");

    [Fact]
    public async Task A_user_without_the_rights_is_told_which_role_gives_them()
    {
        var name = NameOf(Fresh());
        await Server.Sql(name, $"DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN PASSWORD '{Secret}'");

        AssertRefused(Store(name, "stranger", Secret), 2, "permission denied for table bamschema; give the user the role bam_silo or bam_console");
    }

    [Fact]
    public async Task A_silo_can_change_no_table_and_a_console_no_row()
    {
        var database = Fresh();
        var name = NameOf(database);
        await Server.Sql(name, $"DROP ROLE IF EXISTS viewer; CREATE ROLE viewer LOGIN PASSWORD '{Secret}' IN ROLE bam_console");

        await Denied(database.AsSilo, "ALTER TABLE OrleansStorage ADD COLUMN x integer");
        await Denied(database.AsSilo, "UPDATE OrleansQuery SET QueryText = ''");
        await Denied(database.AsSilo, "CREATE TABLE mine (x integer)");
        await Denied(Store(name, "viewer", Secret), "DELETE FROM OrleansMembershipTable");
        await Denied(Store(name, "viewer", Secret), "SELECT * FROM OrleansStorage");
        Store(name, "viewer", Secret).Prepare();
        var refused = Assert.Throws<ClusterStoreException>(() => database.AsSilo.ApplySchema(rights: false));
        Assert.Contains("use the owner of the database", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_with_a_password_that_everybody_can_read_is_refused()
    {
        var file = Path.Combine(_temporary.Folder, "open");
        File.WriteAllText(file, $"Host=db\nDatabase=bam\nUsername=silos\nPassword={Secret}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        var refused = Assert.Throws<ClusterStoreException>(() => ClusterStore.Parse($"postgres:@{file}", "/h"));

        Assert.Equal($"{file}: holds a password and is open to every user; close it: chmod 600 {file}", refused.Message);
    }

    [Fact]
    public void Neither_the_option_nor_the_words_of_a_store_hold_the_password()
    {
        var store = Elsewhere("db", 5432);

        Assert.Contains(Secret, store.ConnectionString, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, store.Option, StringComparison.Ordinal);
        Assert.Equal("PostgreSQL at db:5432, database bam, user silos", $"{store}");
    }

    public void Dispose() => _temporary.Dispose();

    private static void AssertRefused(PostgresStore store, int exitCode, string line)
    {
        var refused = Assert.Throws<ClusterStoreException>(store.Prepare);

        Assert.Contains(line, refused.Message, StringComparison.Ordinal);
        Assert.Equal(exitCode, refused.ExitCode);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.DoesNotContain(Secret, refused.Message, StringComparison.Ordinal);
    }

    private static async Task Denied(PostgresStore store, string sql)
    {
        await using var connection = new Npgsql.NpgsqlConnection(store.ConnectionString + ";Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        var denied = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        Assert.Equal(Npgsql.PostgresErrorCodes.InsufficientPrivilege, denied.SqlState);
    }

    private static string NameOf(PostgresDatabase database) => new Npgsql.NpgsqlConnectionStringBuilder(database.AsOwner.ConnectionString).Database!;

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private PostgresDatabase Fresh() => PostgresDatabase.Make(Server, _temporary.Folder);

    private PostgresStore Store(string database, string user, string password) =>
        PostgresDatabase.Store(Server, _temporary.Folder, database, user, password);

    private PostgresStore Elsewhere(string host, int port) => (PostgresStore)ClusterStore.Parse(
        PostgresServer.Option(Path.Combine(_temporary.Folder, "elsewhere"), $"Host={host};Port={port};Database=bam;Username=silos;Password={Secret}"), "/h");
}
