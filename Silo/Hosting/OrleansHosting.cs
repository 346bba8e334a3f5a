using Bam.Contracts.Clusters.Tls;
using Bam.Grains;
using Bam.Grains.Hosting;
using Bam.Silo.Page;
using Bam.Storage;
using Bam.Training.Faults;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Serialization;
using Orleans.Storage;

namespace Bam.Silo.Hosting;

/// <summary>The silo: cluster, stores, failure detection and training.</summary>
internal static class OrleansHosting
{
    public static void AddBamOrleans(this WebApplicationBuilder builder, SiloSettings settings) => builder.UseOrleans(silo => silo
        .Identify(settings)
        .StoreIn(settings.Database)
        .Encrypt(settings.Tls)
        .DetectFailures()
        .AddBamTraining(new TrainingHostOptions
        {
            Store = settings.Store,
            TokenCache = settings.TokenCache,
            Device = settings.Device,
            Threads = settings.Threads,
            PeakFlops = settings.PeakFlops,
            Faults = settings.Faults is { } folder ? new FaultFolder(folder) : NoFaults.Instance,
        })
        .AddBamDashboard(settings));

    private static ISiloBuilder Identify(this ISiloBuilder silo, SiloSettings settings) => silo
        .Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = ClusterStore.ClusterId)
        .Configure<SiloOptions>(options => options.SiloName = settings.Name)
        .ConfigureEndpoints(settings.Address, settings.SiloPort, settings.GatewayPort)
        .UseSiloMetadata(DeviceMetadata.Of(settings.Device, settings.Slots));

    /// <summary>Mutual TLS between silos, and between silos and consoles; a console's certificate opens no silo's door.</summary>
    private static ISiloBuilder Encrypt(this ISiloBuilder silo, string? certificates)
    {
        if (certificates is null)
            return silo;
        silo.Services.AddSingleton<TlsDoor>();
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<TlsDoor>((connections, door) =>
        {
            var tls = door.Open(certificates);
            connections.ConfigureSiloOutboundConnection(tls.Open);
            connections.ConfigureSiloInboundConnection(inbound => tls.Accept(inbound, TlsRole.Silo));
            connections.ConfigureGatewayInboundConnection(inbound => tls.Accept(inbound, role: null));
        });
        return silo;
    }

    /// <summary>Membership, grain state and reminders in one database.</summary>
    internal static ISiloBuilder StoreIn(this ISiloBuilder silo, ClusterStore store) => silo
        .UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (store.Invariant, store.ConnectionString))
        .UseAdoNetReminderService(options => (options.Invariant, options.ConnectionString) = (store.Invariant, store.ConnectionString))
        .AddAdoNetGrainStorage(TrainingGrainStorage.Name, storage => storage.Configure<Serializer>((options, serializer) =>
        {
            (options.Invariant, options.ConnectionString) = (store.Invariant, store.ConnectionString);
            // Numbered ids, known types only: what is stored today is read by the next version, and a row can name no type to load.
            options.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
        }));

    /// <summary>
    /// A killed silo's work resumes in 4 to 6 s, a hung one's in about 9 s (docs/RESULTS.md). Not lower: any pause longer
    /// than the window of 6 s evicts the silo, and eviction ends its process.
    /// </summary>
    private static ISiloBuilder DetectFailures(this ISiloBuilder silo)
    {
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = TimeSpan.FromSeconds(1);
            membership.MaxProbeTimeout = TimeSpan.FromSeconds(2);
            membership.NumMissedProbesLimit = 3;
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);
            membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        });
        // A client on the other side of a dead silo waits no longer than this; calls are short by design.
        silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(10));
        silo.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(10));

        // Must exceed the detection window: a resume may wait for the difference. The default is 30 s.
        silo.Configure<GrainDirectoryOptions>(directory => directory.RangeLeaseDuration = TimeSpan.FromSeconds(7));
#pragma warning disable ORLEANSEXP003 // With the default directory, losing any silo also stops trainers on healthy ones.
        return silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
    }
}
