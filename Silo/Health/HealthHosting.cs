using Microsoft.AspNetCore.Diagnostics.HealthChecks;

namespace Bam.Silo.Health;

/// <summary>
/// <c>/health/live</c>: the process answers (it never asks the cluster: a sick neighbour must not restart a healthy silo).
/// <c>/health/ready</c>: 200 while the silo is active in the cluster, 503 before and after.
/// </summary>
internal static class HealthHosting
{
    public static void AddBamHealth(this WebApplicationBuilder builder) =>
        builder.Services.AddHealthChecks().AddCheck<SiloReadiness>("silo");

    public static void MapBamHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
        app.MapHealthChecks("/health/ready");
    }
}
