using System.Diagnostics.Metrics;
using Bam.Grains.Hosting;
using Bam.Silo.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Bam.Silo.Telemetry;

/// <summary>
/// Metrics of training, Orleans, the runtime and the web server, for Prometheus at <c>/metrics</c>. Traces by OTLP when the standard
/// variables name an endpoint, which also say by which protocol.
/// </summary>
internal static class TelemetryHosting
{
    private const string SiloLabel = "silo";

    private static readonly string[] EndpointVariables = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    private static readonly string[] Meters =
        [TrainingHosting.MeterName, "Microsoft.Orleans", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    public static void AddBamTelemetry(this WebApplicationBuilder builder, SiloSettings settings)
    {
        builder.Services.AddMetrics();
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .AddService(
                    "bam-silo",
                    serviceVersion: typeof(TelemetryHosting).Assembly.GetName().Version?.ToString(3),
                    serviceInstanceId: settings.Name)
                .AddAttributes([new(SiloLabel, settings.Name)]))
            .WithMetrics(metrics => metrics
                .AddMeter(Meters)
                .AddRuntimeInstrumentation()
                .AddView(DropPeerAddress)
                .AddPrometheusExporter(prometheus =>
                {
                    prometheus.ScopeInfoEnabled = false;
                    // On every series: a person knows a silo by its name, not by its address.
                    prometheus.ResourceConstantLabels = attribute => attribute == SiloLabel;
                }));
        if (EndpointVariables.Any(name => !string.IsNullOrEmpty(builder.Configuration[name])))
            telemetry.WithTracing(traces => traces.AddSource(TrainingHosting.TraceSourceName).AddOtlpExporter());
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
