using Bam.Storage;
using Microsoft.Data.Sqlite;

namespace Bam.Silo.Tests.Storage;

public sealed class SqliteDatabaseTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private string Home => Path.Combine(_temporary.Folder, "home");

    private string File => new SqliteStore(Home).Path;

    [Fact]
    public void Preparing_twice_keeps_what_was_written_between()
    {
        new SqliteStore(Home).Prepare();
        Execute("INSERT INTO OrleansMembershipVersionTable VALUES ('bam', 'now', 7)");

        new SqliteStore(Home).Prepare();

        Assert.Equal(7L, Scalar("SELECT Version FROM OrleansMembershipVersionTable"));
    }

    [Fact]
    public async Task Silos_that_start_at_once_apply_the_schema_once()
    {
        var cancellation = TestContext.Current.CancellationToken;
        for (var round = 0; round < 40; round++)
        {
            var fresh = Path.Combine(Home, $"{round}");
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                () => new SqliteStore(fresh).Prepare(), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        }

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () => new SqliteStore(Home).Prepare(), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        Assert.Equal((long)SqliteDatabase.SchemaVersion, Scalar("PRAGMA user_version"));
        Assert.Equal(20L, Scalar("SELECT count(*) FROM OrleansQuery")); // 10 of membership, 3 of state, 7 of reminders
    }

    [Fact]
    public void The_file_is_for_its_owner_only_and_in_wal_mode()
    {
        new SqliteStore(Home).Prepare();

        Assert.Equal("wal", Scalar("PRAGMA journal_mode"));
        if (OperatingSystem.IsWindows()) return;
        foreach (var file in Directory.GetFiles(Home))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(file));
    }

    [Fact]
    public void A_file_of_another_schema_is_refused_untouched()
    {
        new SqliteStore(Home).Prepare();
        Execute("PRAGMA user_version = 99");

        var refused = Assert.Throws<ClusterStoreException>(() => new SqliteStore(Home).Prepare());

        Assert.StartsWith($"{File}: has schema 99, this program needs 1", refused.Message, StringComparison.Ordinal);
        Assert.Equal(99L, Scalar("PRAGMA user_version"));
    }

    [Fact]
    public void The_database_of_another_program_is_refused_untouched()
    {
        Directory.CreateDirectory(Home);
        System.IO.File.WriteAllBytes(File, []);
        Execute("CREATE TABLE theirs (x)");

        var refused = Assert.Throws<ClusterStoreException>(() => new SqliteStore(Home).Prepare());

        Assert.Contains("of another program", refused.Message, StringComparison.Ordinal);
        Assert.Equal("delete", Scalar("PRAGMA journal_mode"));
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_by_name()
    {
        Directory.CreateDirectory(Home);
        System.IO.File.WriteAllText(File, new string('x', 8192));

        var refused = Assert.Throws<ClusterStoreException>(() => new SqliteStore(Home).Prepare());

        Assert.StartsWith($"{File}: not a SQLite database", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_home_that_cannot_be_made_is_refused_by_name()
    {
        System.IO.File.WriteAllText(Home, "a file where the folder should be");

        var refused = Assert.Throws<ClusterStoreException>(() => new SqliteStore(Home).Prepare());

        Assert.Contains("Bam:Home", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _temporary.Dispose();

    private void Execute(string sql) => Scalar(sql);

    private object? Scalar(string sql)
    {
        using var connection = new SqliteConnection(new SqliteStore(Home).ConnectionString + ";Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
