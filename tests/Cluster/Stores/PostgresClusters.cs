using Bam.Postgres;

namespace Bam.Cluster.Stores;

/// <summary>A PostgreSQL server with a cluster's tables, prepared as docs/operations.md says: by the console, with a silo's least rights.</summary>
internal sealed class PostgresClusters : IAsyncDisposable
{
    private const string Database = "bam", Silos = "silos", Password = "of-the-silos";

    private readonly string _folder = Directory.CreateTempSubdirectory("bam-options-").FullName;

    private PostgresClusters(PostgresServer server) => Server = server;

    public PostgresServer Server { get; }

    /// <summary>What <c>--database</c> says of the silos.</summary>
    public string Option { get; private set; } = "";

    /// <summary>Starts the server and makes the tables; skips the test where PostgreSQL is not installed.</summary>
    public static async Task<PostgresClusters> Start()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var clusters = new PostgresClusters(await PostgresServer.Start());
        try
        {
            await clusters.Server.Sql("postgres", $"CREATE DATABASE {Database}");
            var owner = PostgresServer.Option(
                Path.Combine(clusters._folder, "owner"), clusters.Server.Connection(Database, PostgresServer.Owner, clusters.Server.Password));
            (await BamProcess.Run("cluster", "schema", "--apply", "--rights", "--database", owner)).MustSucceed();
            await clusters.Server.Sql(Database, $"CREATE ROLE {Silos} LOGIN PASSWORD '{Password}' IN ROLE bam_silo");
            clusters.Option = PostgresServer.Option(
                Path.Combine(clusters._folder, "silos"), clusters.Server.Connection(Database, Silos, Password));
            return clusters;
        }
        catch
        {
            await clusters.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
