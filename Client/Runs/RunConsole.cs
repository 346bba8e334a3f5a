using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Runs;

/// <summary>The runs of an Orleans cluster, through its grains.</summary>
/// <param name="grains">The cluster's grains.</param>
/// <param name="connection">Closed with this console.</param>
/// <param name="patience">How long an absent cluster is waited for.</param>
internal sealed class RunConsole(IGrainFactory grains, IAsyncDisposable connection, Patience patience) : IRunClient
{
    private const int PageSize = 200;

    public event Action? Reconnecting
    {
        add => patience.Retrying += value;
        remove => patience.Retrying -= value;
    }

    public Task<LaunchAnswer> Launch(RunSpec spec, CancellationToken cancellation) =>
        patience.Call(ct => Coordinator(spec.Name).Launch(spec, ct), cancellation);

    public Task<RunStatus?> GetStatus(string run, CancellationToken cancellation) =>
        patience.Call(ct => Coordinator(run).GetStatus(ct), cancellation);

    public Task<RunSpec?> GetSpec(string run, CancellationToken cancellation) =>
        patience.Call(ct => Coordinator(run).GetSpec(ct), cancellation);

    public Task<EventPage> ReadEvents(string run, long after, CancellationToken cancellation) =>
        patience.Call(ct => Coordinator(run).ReadEvents(after, PageSize, TimeSpan.Zero, ct), cancellation);

    public Task<bool> Cancel(string run, CancellationToken cancellation) =>
        patience.Call(ct => Coordinator(run).Cancel(ct), cancellation);

    public Task<bool> Pause(string run, CancellationToken cancellation) =>
        patience.Call(ct => Coordinator(run).Pause(ct), cancellation);

    public Task<bool> Resume(string run, CancellationToken cancellation) =>
        patience.Call(ct => Coordinator(run).Resume(ct), cancellation);

    public Task<RetryOutcome> Retry(string run, string member, CancellationToken cancellation) =>
        patience.Call(ct => Coordinator(run).Retry(member, ct), cancellation);

    public Task<IReadOnlyList<string>> ReadLog(string run, string member, int lines, CancellationToken cancellation) =>
        patience.Call(ct => Coordinator(run).ReadLog(member, lines, ct), cancellation);

    public Task<ModelHistory?> GetHistory(string run, string member, CancellationToken cancellation) =>
        patience.Call(ct => Coordinator(run).GetHistory(member, ct), cancellation);

    public Task<IReadOnlyList<RunSummary>> ListRuns(CancellationToken cancellation) =>
        patience.Call(ct => grains.GetGrain<IRunRegistryGrain>(IRunRegistryGrain.Key).List(ct), cancellation);

    public Task<IReadOnlyList<DeviceStatus>> ListDevices(CancellationToken cancellation) =>
        patience.Call(ct => grains.GetGrain<IDevicePoolGrain>(IDevicePoolGrain.Key).List(ct), cancellation);

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private ICoordinatorGrain Coordinator(string run) => grains.GetGrain<ICoordinatorGrain>(GrainKeys.Run(run));
}
