using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engine.Hosting;

/// <summary>Fails before the host has started, and from the moment it is told to stop.</summary>
internal sealed class ReadyCheck(EngineServers servers) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        => Task.FromResult(servers.IsReady ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("starting or stopping"));
}
