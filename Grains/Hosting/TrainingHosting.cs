using Bam.Grains.Devices;
using Bam.Grains.Members;
using Bam.Grains.Runs;
using Bam.Grains.Telemetry;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Placement;

namespace Bam.Grains.Hosting;

/// <summary>Wires training into a silo.</summary>
public static class TrainingHosting
{
    /// <summary>Name of the meter of all <c>bam.</c> instruments.</summary>
    public const string MeterName = TrainingMetrics.MeterName;

    /// <summary>Name of the source of all spans.</summary>
    public const string TraceSourceName = TrainingTraces.SourceName;

    /// <summary>Adds the device slot, the session thread, the supervisor and the training metrics.</summary>
    public static ISiloBuilder AddBamTraining(this ISiloBuilder silo, TrainingHostOptions options)
    {
        var services = silo.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddMetrics();
        services.AddSingleton<TrainingMetrics>();
        services.AddSingleton<DeviceSilos>();
        services.AddSingleton<DeviceWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<DeviceWorker>());
        services.AddSingleton<SiloEnd>();
        services.AddSingleton<MemberServices>();
        services.AddHostedService<SupervisorService>();
        services.AddPlacementFilter<OnDeviceSiloStrategy, OnDeviceSiloDirector>(ServiceLifetime.Transient);
        return silo;
    }
}
