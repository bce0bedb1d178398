using Engine.Http1;

namespace Engine.WebSockets;

/// <summary>Puts WebSocket endpoints on an HTTP server's routes.</summary>
public static class WebSocketRoutes
{
    /// <summary>Maps an endpoint whose connections are served by one handler, each with data of its own.</summary>
    /// <param name="server">The server, before it is started.</param>
    /// <param name="pattern">The route's pattern, as in <see cref="HttpServer.MapGet"/>.</param>
    /// <param name="handler">Serves all connections of the endpoint, from several loops at once.</param>
    /// <param name="options">Read now; the defaults when null.</param>
    /// <exception cref="ArgumentException">The pattern is malformed, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public static HttpServer MapWebSocket<TData>(this HttpServer server, string pattern, WebSocketHandler<TData> handler, WebSocketEndpointOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Map("GET", pattern, CreateHandler(handler, options), RouteKind.WebSocket);
    }

    /// <summary>
    /// Maps an endpoint whose connections are each served by one call of a function that reads them by <see cref="WebSocketConnection.ReadAllAsync"/>. It runs on
    /// the connection's loop: await, do not block. When it returns the connection is closed with 1000; when it throws, with 1011.
    /// </summary>
    /// <param name="server">The server, before it is started.</param>
    /// <param name="pattern">The route's pattern, as in <see cref="HttpServer.MapGet"/>.</param>
    /// <param name="serve">Serves one connection; its token is cancelled when the connection has ended.</param>
    /// <param name="options">Read now; the defaults when null.</param>
    /// <exception cref="ArgumentException">The pattern is malformed, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public static HttpServer MapWebSocket(
        this HttpServer server, string pattern, Func<WebSocketConnection, CancellationToken, Task> serve, WebSocketEndpointOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Map("GET", pattern, CreateHandler(serve, options), RouteKind.WebSocket);
    }

    /// <summary>
    /// Maps an endpoint whose connections are each served by one call of a function, as the overload without <paramref name="accept"/> does, and asks first whom to let
    /// in: there are the request's route values, query and headers, and what is kept of them becomes the connection's <see cref="WebSocketConnection{TData}.Data"/>.
    /// </summary>
    /// <param name="server">The server, before it is started.</param>
    /// <param name="pattern">The route's pattern, as in <see cref="HttpServer.MapGet"/>.</param>
    /// <param name="accept">Attaches data, chooses a subprotocol, or refuses; completing without refusing accepts. It may wait; what it throws becomes a 500.</param>
    /// <param name="serve">Serves one connection on its loop: await, do not block. Its token is cancelled when the connection has ended.</param>
    /// <param name="options">Read now; the defaults when null.</param>
    /// <exception cref="ArgumentException">The pattern is malformed, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public static HttpServer MapWebSocket<TData>(
        this HttpServer server,
        string pattern,
        Func<WebSocketUpgrade<TData>, ValueTask> accept,
        Func<WebSocketConnection<TData>, CancellationToken, Task> serve,
        WebSocketEndpointOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(accept);
        ArgumentNullException.ThrowIfNull(serve);
        return server.Map("GET", pattern, CreateReader(accept, serve, options), RouteKind.WebSocket);
    }

    /// <summary>
    /// The same endpoint as an HTTP handler, for middleware and fallbacks that decide by themselves which requests to hand to it. Requests that are no proper
    /// handshake are answered with the status that says why.
    /// </summary>
    public static HttpHandler CreateHandler<TData>(WebSocketHandler<TData> handler, WebSocketEndpointOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        var endpoint = new HandlerEndpoint<TData>(options ?? new WebSocketEndpointOptions(), handler);
        return new UpgradeHandler<TData>(endpoint, handler.OnUpgradeAsync, isRead: false).HandleAsync;
    }

    /// <summary>The same for a function that reads.</summary>
    public static HttpHandler CreateHandler(Func<WebSocketConnection, CancellationToken, Task> serve, WebSocketEndpointOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(serve);
        return CreateReader<object?>(null, serve, options);
    }

    private static HttpHandler CreateReader<TData>(
        Func<WebSocketUpgrade<TData>, ValueTask>? accept, Func<WebSocketConnection<TData>, CancellationToken, Task> serve, WebSocketEndpointOptions? options)
        => new UpgradeHandler<TData>(new ReaderEndpoint<TData>(options ?? new WebSocketEndpointOptions(), serve), accept, isRead: true).HandleAsync;
}
