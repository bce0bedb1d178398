using Engine.Http1;

namespace Engine.Sse;

/// <summary>Maps streams of server-sent events.</summary>
public static class SseRoutes
{
    /// <summary>
    /// Maps a stream to GET, and HEAD with it, or to <see cref="SseOptions.Methods"/>: the response's head goes out at once, <paramref name="handler"/> sends events
    /// for as long as it runs. Its token is cancelled when the client is gone or the server stops; leaving by that cancellation is a normal end.
    /// </summary>
    /// <remarks>
    /// A client that is cut before its first event has no id to come back with. A handler that can go on where one stood begins with an event that has an
    /// <see cref="SseEvent.Id"/> and no data: clients keep the id and raise nothing.
    /// </remarks>
    /// <exception cref="ArgumentException">The pattern is malformed, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public static HttpServer MapSse(this HttpServer server, string pattern, SseHandler handler, SseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(handler);
        var endpoint = new SseEndpoint(options ?? new SseOptions());
        return endpoint.Map(server, pattern, context => endpoint.RunAsync(context, handler));
    }

    /// <summary>
    /// Turns the response of a plain handler into a stream of events, which ends when the handler completes. On the connection's event loop only; elsewhere
    /// <see cref="StartSseAsync"/>. Methods, limits, origins and questions of the options belong to mapped routes: here nobody is refused.
    /// </summary>
    /// <exception cref="InvalidOperationException">The response has begun as a plain one, or this is not the connection's loop.</exception>
    public static SseStream StartSse(this HttpContext context, SseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new SseEndpoint(options ?? new SseOptions()).Start(context);
    }

    /// <summary>The same as <see cref="StartSse"/> from any thread, as in handlers that run on the thread pool; the caller goes on where it was.</summary>
    /// <exception cref="InvalidOperationException">The response has begun as a plain one.</exception>
    public static ValueTask<SseStream> StartSseAsync(this HttpContext context, SseOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new SseEndpoint(options ?? new SseOptions()).StartAsync(context);
    }
}
