using Bam.Grains;
using Bam.Postgres;
using Bam.Silo.Hosting;
using Bam.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.Storage;

namespace Bam.Silo.Tests.Storage;

/// <summary>Orleans' own providers on a real database with our schema, wired as in the silo; no silo runs.</summary>
internal sealed class OrleansStores : IDisposable
{
    private readonly TemporaryFolder _temporary;
    private readonly IHost _host;

    private OrleansStores(TemporaryFolder temporary, ClusterStore store)
    {
        _temporary = temporary;
        store.Prepare();
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddLogging();
        builder.UseOrleans(silo => silo
            .Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = ClusterStore.ClusterId)
            .ConfigureEndpoints(siloPort: 1, gatewayPort: 2)
            .StoreIn(store));
        _host = builder.Build();
    }

    public static OrleansStores InSqlite()
    {
        var temporary = new TemporaryFolder();
        return new(temporary, new SqliteStore(temporary.Folder));
    }

    /// <summary>A fresh database on the server, reached by a user with no more than the rights of a silo.</summary>
    public static OrleansStores In(PostgresFixture postgres)
    {
        var temporary = new TemporaryFolder();
        return new(temporary, PostgresDatabase.Make(postgres.Server, temporary.Folder).AsSilo);
    }

    /// <summary>The membership table, as a silo sees it after its start.</summary>
    public async Task<IMembershipTable> Membership(CancellationToken cancellation)
    {
        var table = _host.Services.GetRequiredService<IMembershipTable>();
        await table.InitializeMembershipTableAsync(tryInitTableVersion: true, cancellation);
        return table;
    }

    /// <summary>The grain storage that grains name "bam".</summary>
    public async Task<IGrainStorage> GrainStorage(CancellationToken cancellation)
    {
        var storage = _host.Services.GetRequiredKeyedService<IGrainStorage>(TrainingGrainStorage.Name);
        var lifecycle = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        ((ILifecycleParticipant<ISiloLifecycle>)storage).Participate(lifecycle);
        await lifecycle.OnStart(cancellation);
        return storage;
    }

    /// <summary>The table behind reminders.</summary>
    public async Task<IReminderTable> Reminders(CancellationToken cancellation)
    {
        var table = _host.Services.GetRequiredService<IReminderTable>();
        await table.StartAsync(cancellation);
        return table;
    }

    public void Dispose()
    {
        _host.Dispose();
        _temporary.Dispose();
    }
}
