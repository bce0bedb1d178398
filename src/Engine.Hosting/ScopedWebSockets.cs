using Engine.Http1;
using Engine.WebSockets;
using Microsoft.Extensions.DependencyInjection;

namespace Engine.Hosting;

/// <summary>WebSocket endpoints whose connections have services of their own.</summary>
public static class ScopedWebSockets
{
    /// <summary>
    /// Maps an endpoint whose connections are each served by one call of a function, with a scope of services that lasts as long as the connection. When the function
    /// returns the connection is closed with 1000; when it throws, with 1011.
    /// </summary>
    /// <param name="server">The server, before it is started.</param>
    /// <param name="pattern">The route's pattern, as in <see cref="HttpServer.MapGet"/>.</param>
    /// <param name="services">The host's services, as <see cref="HttpServerBuilder.Map"/> hands them over.</param>
    /// <param name="serve">Serves one connection on its loop: await, do not block. Its token is cancelled when the connection has ended.</param>
    /// <param name="options">Read now; the defaults when null.</param>
    /// <returns>The server.</returns>
    /// <exception cref="ArgumentException">The pattern is malformed, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public static HttpServer MapScopedWebSocket(
        this HttpServer server,
        string pattern,
        IServiceProvider services,
        Func<WebSocketConnection, IServiceProvider, CancellationToken, Task> serve,
        WebSocketEndpointOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(serve);
        IServiceScopeFactory scopes = services.GetRequiredService<IServiceScopeFactory>();
        return server.MapWebSocket(
            pattern,
            async (socket, closed) =>
            {
                AsyncServiceScope scope = scopes.CreateAsyncScope();
                await using (scope.ConfigureAwait(true))
                {
                    await serve(socket, scope.ServiceProvider, closed).ConfigureAwait(true);
                }
            },
            options);
    }
}
