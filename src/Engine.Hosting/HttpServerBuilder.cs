using Engine.Http1;
using Microsoft.Extensions.DependencyInjection;

namespace Engine.Hosting;

/// <summary>Says what one server of a host listens on and serves. For one thread, before the host is built.</summary>
public sealed class HttpServerBuilder
{
    private readonly IServiceCollection _services;
    private readonly ServerDefinition _definition;

    internal HttpServerBuilder(IServiceCollection services, ServerDefinition definition)
    {
        _services = services;
        _definition = definition;
    }

    /// <summary>The server's name.</summary>
    public string Name => _definition.Name;

    /// <summary>Changes the settings, after those of the configuration were bound.</summary>
    /// <returns>This builder.</returns>
    public HttpServerBuilder Configure(Action<HttpServerSettings> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        _services.Configure(Name, configure);
        return this;
    }

    /// <summary>
    /// Changes what the server is made with, after the settings have become options: for what no configuration can say, such as
    /// <see cref="TlsOptions.SelectCertificate"/>. Called when the host starts.
    /// </summary>
    /// <param name="configure">Gets the options and the host's services.</param>
    /// <returns>This builder.</returns>
    public HttpServerBuilder ConfigureOptions(Action<HttpServerOptions, IServiceProvider> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        _definition.Options.Add(configure);
        return this;
    }

    /// <summary>
    /// Maps routes and middleware. Called when the host starts. Handlers find the services of their request, a scope of their own, in
    /// <see cref="HttpContext.Services"/>.
    /// </summary>
    /// <param name="map">Gets the server, which it must not start, and the host's services.</param>
    /// <returns>This builder.</returns>
    public HttpServerBuilder Map(Action<HttpServer, IServiceProvider> map)
    {
        ArgumentNullException.ThrowIfNull(map);
        _definition.Maps.Add(map);
        return this;
    }

    /// <summary>
    /// Maps the health checks of the host with the tags <c>live</c> and <c>ready</c>, the servers' own among them: 200 when all of them pass, else 503, with a line
    /// for each that does not.
    /// </summary>
    /// <param name="livePattern">Fails when an event loop is blocked: restart the process.</param>
    /// <param name="readyPattern">Fails until the host has started, and from the moment it is told to stop: send no requests.</param>
    /// <returns>This builder.</returns>
    public HttpServerBuilder MapHealthChecks(string livePattern = "/health/live", string readyPattern = "/health/ready")
    {
        ArgumentNullException.ThrowIfNull(livePattern);
        ArgumentNullException.ThrowIfNull(readyPattern);
        return Map((server, services) => HealthRoutes.Map(server, services, livePattern, readyPattern));
    }
}
