using Engine.Http1;

namespace Engine.Sse;

/// <summary>Maps streams of server-sent events.</summary>
public static class SseRoutes
{
    /// <summary>
    /// Maps a stream: the response's head goes out at once, <paramref name="handler"/> sends events for as long as it runs. Its token is cancelled when the
    /// client is gone or the server stops; leaving by that cancellation is a normal end.
    /// </summary>
    /// <exception cref="ArgumentException">The pattern is malformed, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public static HttpServer MapSse(this HttpServer server, string pattern, SseHandler handler, SseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(handler);
        var endpoint = new SseEndpoint(options ?? new SseOptions());
        return server.Map("GET", pattern, context => endpoint.RunAsync(context, handler), RouteKind.ServerSentEvents);
    }

    /// <summary>Turns the response of a plain handler into a stream of events, which ends when the handler completes. On the connection's event loop only.</summary>
    /// <exception cref="InvalidOperationException">The response has begun as a plain one.</exception>
    public static SseStream StartSse(this HttpContext context, SseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new SseEndpoint(options ?? new SseOptions()).Start(context);
    }
}
