using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Bam.Silo.Health;

/// <summary>Healthy while the cluster's membership lists this silo as active, so that clients and grains may come.</summary>
internal sealed class SiloReadiness(ISiloStatusOracle membership) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(membership.CurrentStatus is SiloStatus.Active
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"the silo is {membership.CurrentStatus}"));
}
