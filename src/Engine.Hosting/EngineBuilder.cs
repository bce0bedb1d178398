using Microsoft.Extensions.DependencyInjection;

namespace Engine.Hosting;

/// <summary>Adds servers by name. For one thread, before the host is built.</summary>
public sealed class EngineBuilder
{
    private readonly ServerCatalogue _catalogue;

    internal EngineBuilder(IServiceCollection services, ServerCatalogue catalogue)
    {
        Services = services;
        _catalogue = catalogue;
    }

    /// <summary>The host's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds an HTTP server that starts and stops with the host.</summary>
    /// <param name="name">Its name: the key of its section <c>Engine:Servers:NAME</c>, the tag of its metrics, and how <see cref="EngineServers"/> finds it. Case does not matter.</param>
    /// <param name="build">Says what it serves. Called at once.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">The name is empty, holds a colon, or is another server's.</exception>
    public EngineBuilder AddHttpServer(string name, Action<HttpServerBuilder> build)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(build);
        if (name.Contains(':', StringComparison.Ordinal))
        {
            throw new ArgumentException($"A server's name is a key of the configuration and holds no colon: {name}", nameof(name));
        }

        build(new HttpServerBuilder(Services, _catalogue.Add(name)));
        Services.AddOptions<HttpServerSettings>(name).ValidateOnStart();
        return this;
    }
}
