using Bam.Contracts.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bam.Grains.Runs;

/// <summary>
/// Ticks the coordinators of all unfinished runs each second, from every silo. So a coordinator whose silo died is back with the next
/// tick of any other, long before a reminder would fire.
/// </summary>
internal sealed partial class SupervisorService(IGrainFactory grains, TimeProvider time, ILogger<SupervisorService> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1), Limit = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await Tick(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo shuts down.
        }
    }

    private async Task Tick(CancellationToken cancellation)
    {
        try
        {
            var runs = await grains.GetGrain<IRunRegistryGrain>(IRunRegistryGrain.Key).List(cancellation).WaitAsync(Limit, cancellation);
            await Task.WhenAll(runs.Where(run => run.Ended is null)
                .Select(run => grains.GetGrain<ICoordinatorGrain>(GrainKeys.Run(run.Name)).Tick(cancellation).WaitAsync(Limit, cancellation)));
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // A silo has just died, or the cluster is young: the next tick asks again.
            LogTickFailed(e.GetType().Name, e.Message.Split('\n')[0]);
        }
    }

    [LoggerMessage(2201, LogLevel.Debug, "A tick got no answer: {Type}: {Reason}")]
    private partial void LogTickFailed(string type, string reason);
}
