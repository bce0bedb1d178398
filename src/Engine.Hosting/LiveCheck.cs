using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Engine.Hosting;

/// <summary>Fails when a handler has blocked an event loop for too long.</summary>
internal sealed class LiveCheck(EngineServers servers, IOptions<EngineHostOptions> options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        TimeSpan lag = servers.LoopLag;
        return Task.FromResult(lag <= options.Value.MaxLoopLag
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(string.Create(CultureInfo.InvariantCulture, $"an event loop has been in one turn for {lag.TotalSeconds:0.#} s")));
    }
}
