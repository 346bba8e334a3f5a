using System.Globalization;
using System.Text;
using Bam.Client.Clusters;

namespace Bam.Client.Chaos;

/// <summary>The processes of a local cluster, to be hurt and brought back. Disposing it leaves none of them frozen.</summary>
internal sealed class ChaosCluster : IDisposable
{
    private const string FaultsVariable = "Bam__Faults";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private readonly HashSet<ProcessIdentity> _frozen = [];

    private ChaosCluster(ClusterHome home, string? orders) => (Home, Orders) = (home, orders is null ? null : new(orders));

    public ClusterHome Home { get; }

    /// <summary>Orders that its silos carry out; null when they take none.</summary>
    public FaultOrders? Orders { get; }

    /// <summary>Its silos that have a process now.</summary>
    public IReadOnlyList<SiloState> Silos => [.. State.Silos.Where(silo => silo.Process?.IsAlive() is true)];

    private ClusterState State => ClusterState.Read(Home)!;

    /// <summary>The cluster that 'bam cluster up' started in a home; null when none was.</summary>
    /// <exception cref="UserException">It is down; exit code 3.</exception>
    public static ChaosCluster? Of(ClusterHome home)
    {
        if (ClusterState.Read(home) is not { } state)
            return null;
        if (state.Keeper?.IsAlive() is not true)
            throw new UserException($"the cluster at {home.Folder} is down; start it with 'bam cluster up'", 3);
        return new(home, state.Silos.Select(silo => silo.Process).OfType<ProcessIdentity>().Select(OrdersOf).FirstOrDefault(folder => folder is not null));
    }

    public ProcessIdentity Keeper => State.Keeper!;

    public SiloState? Silo(string name) => Silos.FirstOrDefault(silo => silo.Name == name);

    public void Freeze(ProcessIdentity process)
    {
        lock (_frozen)
            _frozen.Add(process);
        process.Freeze();
    }

    public void Thaw(ProcessIdentity process)
    {
        process.Thaw();
        lock (_frozen)
            _frozen.Remove(process);
    }

    /// <summary>Starts a cluster without a keeper again, as the user would; its silos are stopped first. Not to be interrupted: it would stay down.</summary>
    public async Task BringBack()
    {
        // What starts the silos hands its environment on.
        if (Orders is { } orders)
            Environment.SetEnvironmentVariable(FaultsVariable, orders.Folder);
        await LocalCluster.Up(Home, State.Settings, CancellationToken.None);
    }

    /// <summary>Waits until every silo is active and the keeper lives; false when that takes longer than <paramref name="limit"/>.</summary>
    public async Task<bool> Whole(TimeSpan limit, CancellationToken cancellation)
    {
        for (var deadline = DateTimeOffset.UtcNow + limit; DateTimeOffset.UtcNow < deadline; await Task.Delay(Poll, cancellation))
        {
            if (await LocalCluster.Status(Home, cancellation) is { KeeperRunning: true } report && report.Silos.All(silo => silo.Ready))
                return true;
        }

        return false;
    }

    public void Dispose()
    {
        lock (_frozen)
        {
            foreach (var process in _frozen)
                process.Thaw();
        }
    }

    /// <summary>The folder that a silo was started with as <c>Bam:Faults</c>; null for none.</summary>
    private static string? OrdersOf(ProcessIdentity silo)
    {
        try
        {
            var variables = Encoding.UTF8.GetString(File.ReadAllBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/{silo.Id}/environ"))).Split('\0');
            return variables.Where(variable => variable.StartsWith($"{FaultsVariable}=", StringComparison.Ordinal)).Select(variable => variable[(FaultsVariable.Length + 1)..])
                .FirstOrDefault(folder => folder.Length > 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
