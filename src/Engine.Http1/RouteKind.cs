namespace Engine.Http1;

/// <summary>What a request was routed to, so that middleware can tell.</summary>
public enum RouteKind : byte
{
    /// <summary>No route took it: the fallback, a 404 or a 405 will answer.</summary>
    None = 0,

    /// <summary>A plain HTTP handler.</summary>
    Http = 1,

    /// <summary>A WebSocket end point.</summary>
    WebSocket = 2,

    /// <summary>A stream of server-sent events.</summary>
    ServerSentEvents = 3,
}
