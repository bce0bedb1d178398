using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Engine.Hosting;

/// <summary>Adds servers to the services of a host.</summary>
public static class EngineServices
{
    /// <summary>
    /// Adds what runs the servers with the host: they start with it, become ready when all of it has started, and end within its shutdown time. May be called more
    /// than once: the servers come together.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Runs after the section <c>Engine</c> of the configuration was bound.</param>
    /// <returns>What servers are added to.</returns>
    public static EngineBuilder AddEngine(this IServiceCollection services, Action<EngineHostOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.FirstOrDefault(service => service.ServiceType == typeof(ServerCatalogue))?.ImplementationInstance is not ServerCatalogue catalogue)
        {
            catalogue = new ServerCatalogue();
            services.AddSingleton(catalogue);
            services.AddOptions<EngineHostOptions>().ValidateOnStart();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<EngineHostOptions>, HostOptionsBinder>());
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EngineHostOptions>, HostOptionsValidator>());
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<HttpServerSettings>, ServerSettingsBinder>());
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<HttpServerSettings>, ServerSettingsValidator>());
            services.AddSingleton(static _ => new EngineServers());
            services.AddSingleton<ServerFactory>();
            services.AddHostedService<ServersService>();
            services.AddHealthChecks()
                .AddCheck<LiveCheck>("engine-live", HealthStatus.Unhealthy, [HealthRoutes.LiveTag])
                .AddCheck<ReadyCheck>("engine-ready", HealthStatus.Unhealthy, [HealthRoutes.ReadyTag]);
        }

        if (configure is not null)
        {
            services.Configure(configure);
        }

        return new EngineBuilder(services, catalogue);
    }
}
