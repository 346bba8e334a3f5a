using Bam.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;

namespace Bam.Client.Clusters;

/// <summary>A console's way into a cluster: an Orleans client that finds its gateways in the cluster's database.</summary>
internal sealed class ClusterConnection : IAsyncDisposable
{
    private readonly IHost _host;

    private ClusterConnection(IHost host) => _host = host;

    /// <summary>The cluster's grains.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Connects to the cluster of <paramref name="home"/>, trying again until <paramref name="limit"/>.</summary>
    /// <exception cref="UserException">No cluster answers, exit code 3; or its database refuses us, exit code 2.</exception>
    public static async Task<ClusterConnection> Open(ClusterHome home, TimeSpan limit, CancellationToken ct)
    {
        if (!home.HasDatabase()) throw NoCluster(home);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(limit);
        var tls = ConsoleTls.FromEnvironment();
        var host = Build(home.OpenDatabase(), tls, deadline.Token);
        try
        {
            await host.StartAsync(deadline.Token);
            return new(host);
        }
        catch
        {
            host.Dispose();
            ct.ThrowIfCancellationRequested();
            if (tls?.Problem is { } problem) throw new UserException(problem, 3);
            throw NoCluster(home); // whatever the driver or Orleans said (no gateway, no table, refused), the fix is the same
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await _host.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // The cluster notices by itself that a client has gone.
        }
        _host.Dispose();
    }

    // Empty: no logging, so nothing of Orleans reaches the console.
    private static IHost Build(ClusterStore database, ConsoleTls? tls, CancellationToken deadline)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.UseOrleansClient(client => client
            .Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = ClusterStore.ClusterId)
            .Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5))
            .Configure<ClientConnectionOptions>(connections => { if (tls is not null) connections.ConfigureConnection(tls.Transport.Open); })
            .Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(10)) // the silos' value
            .UseAdoNetClustering(options =>
                (options.Invariant, options.ConnectionString) = (database.Invariant, database.ConnectionString))
            .UseConnectionRetryFilter(async (_, _) =>
            {
                await Task.Delay(200, deadline);
                return tls?.Problem is null;
            }));
        return builder.Build();
    }

    private static UserException NoCluster(ClusterHome home) => new(
        home.Database is null or ClusterStore.Sqlite
            ? $"no cluster answers at {home.Folder}: start one with 'bam cluster up'"
            : $"no silo answers in the cluster of {home.OpenDatabase()}: start one, or 'bam cluster up'", 3);
}
