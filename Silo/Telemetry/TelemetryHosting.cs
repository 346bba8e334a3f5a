using System.Diagnostics.Metrics;
using Bam.Silo.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Bam.Silo.Telemetry;

/// <summary>Metrics of training, Orleans, the runtime and the web server, for Prometheus at <c>/metrics</c>.</summary>
internal static class TelemetryHosting
{
    private static readonly string[] Meters =
        ["Bam.Training", "Microsoft.Orleans", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    public static void AddBamTelemetry(this WebApplicationBuilder builder, SiloSettings settings)
    {
        builder.Services.AddMetrics();
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(
                "bam-silo",
                serviceVersion: typeof(TelemetryHosting).Assembly.GetName().Version?.ToString(3),
                serviceInstanceId: settings.Name))
            .WithMetrics(metrics => metrics
                .AddMeter(Meters)
                .AddRuntimeInstrumentation()
                .AddView(DropPeerAddress)
                .AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false));
    }

    // Orleans labels pings and messages with the address of the peer, and a silo has a new one at every restart: series without end.
    private static MetricStreamConfiguration? DropPeerAddress(Instrument instrument) => instrument.Name switch
    {
        "orleans-messaging-sent-messages-size" or "orleans-messaging-received-messages-size" =>
            new() { TagKeys = ["ConnectionDirection", "MessageDirection"] },
        var name when name.StartsWith("orleans-messaging-pings", StringComparison.Ordinal) => new() { TagKeys = [] },
        _ => null,
    };
}
