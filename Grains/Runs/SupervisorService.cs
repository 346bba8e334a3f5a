using Bam.Contracts.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bam.Grains.Runs;

/// <summary>
/// Ticks the coordinators of all unfinished runs each second, and at once when a silo comes or goes, from every silo. So a coordinator
/// whose silo died is back with the next tick of any other, long before a reminder would fire.
/// </summary>
internal sealed partial class SupervisorService(IGrainFactory grains, IClusterMembershipService membership, ILogger<SupervisorService> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1), Limit = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var changes = new SemaphoreSlim(0);
        try
        {
            await Task.WhenAll(Watch(changes, stoppingToken), Drive(changes, stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo shuts down.
        }
    }

    private async Task Drive(SemaphoreSlim changes, CancellationToken cancellation)
    {
        while (true)
        {
            await changes.WaitAsync(Period, cancellation);
            await Tick(cancellation);
        }
    }

    private async Task Watch(SemaphoreSlim changes, CancellationToken cancellation)
    {
        await foreach (var _ in membership.MembershipUpdates.WithCancellation(cancellation))
            changes.Release();
    }

    private async Task Tick(CancellationToken cancellation)
    {
        try
        {
            var runs = await grains.GetGrain<IRunRegistryGrain>(IRunRegistryGrain.Key).List(CancellationToken.None).WaitAsync(Limit, cancellation);
            await Task.WhenAll(runs.Where(run => run.Ended is null).Select(run => Tick(run.Name, cancellation)));
        }
        catch (Exception e) when (IsPassing(e) && !cancellation.IsCancellationRequested)
        {
            LogTickFailed("registry", e.GetType().Name, e.Message.Split('\n')[0]);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogTickBroken("registry", e);
        }
    }

    // The token stops the waiting only: a tick that has begun elsewhere goes on to its end when this silo shuts down.
    private async Task Tick(string run, CancellationToken cancellation)
    {
        try
        {
            await grains.GetGrain<ICoordinatorGrain>(GrainKeys.Run(run)).Tick(CancellationToken.None).WaitAsync(Limit, cancellation);
        }
        catch (Exception e) when (IsPassing(e) && !cancellation.IsCancellationRequested)
        {
            LogTickFailed(run, e.GetType().Name, e.Message.Split('\n')[0]);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogTickBroken(run, e);
        }
    }

    // A silo has just died, or the cluster is young: the next tick asks again.
    private static bool IsPassing(Exception e) => e is TimeoutException or OrleansMessageRejectionException or SiloUnavailableException;

    [LoggerMessage(2201, LogLevel.Debug, "A tick of {Run} got no answer: {Type}: {Reason}")]
    private partial void LogTickFailed(string run, string type, string reason);

    [LoggerMessage(2202, LogLevel.Warning, "A tick of {Run} failed; the next one tries again")]
    private partial void LogTickBroken(string run, Exception exception);
}
