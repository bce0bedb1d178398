using System.Diagnostics;

namespace Engine.Http1;

/// <summary>
/// Takes down one request. Called on the connection's loop: keep it short, and hand over what takes time. The entry is valid until it
/// returns.
/// </summary>
public delegate void AccessLogWriter(in AccessLogEntry entry);

/// <summary>Tells of each request when it is over.</summary>
public static class AccessLog
{
    /// <summary>
    /// Makes middleware that calls <paramref name="write"/> once for each request that reaches it, when its response has been handed to the
    /// connection or the connection has ended: with the status that was sent (101 for an upgrade, 500 for a handler that threw), the bytes
    /// of the body, and the time since the head was there. Put it first. It allocates nothing of its own.
    /// </summary>
    public static HttpMiddleware Create(AccessLogWriter write)
    {
        ArgumentNullException.ThrowIfNull(write);
        Action<HttpContext> ended = context => write(new AccessLogEntry(context, Stopwatch.GetElapsedTime(context.WatchedSince)));
        return (context, next) =>
        {
            if (context.Ended is null)
            {
                context.WatchedSince = Stopwatch.GetTimestamp();
            }

            context.Ended += ended;
            return next(context);
        };
    }
}
