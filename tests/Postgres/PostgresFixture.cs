namespace Bam.Postgres;

/// <summary>A PostgreSQL server that test classes share; without PostgreSQL they are skipped.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private PostgresServer? _server;

    internal PostgresServer Server
    {
        get
        {
            Assert.SkipWhen(_server is null, PostgresServer.Missing ?? "");
            return _server;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (PostgresServer.Missing is null) _server = await PostgresServer.Start();
    }

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
