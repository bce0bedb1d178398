using Engine.Http1;

namespace Engine.WebSockets;

/// <summary>Puts the sub-protocol <c>topics.v1</c> on an HTTP server's routes.</summary>
public static class TopicProtocolRoutes
{
    /// <summary>The name of the sub-protocol in JSON.</summary>
    public const string SubProtocol = "topics.v1";

    /// <summary>The name of the same protocol in its compact binary form.</summary>
    public const string BinarySubProtocol = "topics.v1.binary";

    /// <summary>
    /// Maps WebSockets whose clients subscribe and publish by themselves, in JSON or in a compact binary form: docs/topics-protocol.md says how.
    /// A client that offers neither sub-protocol is refused; of one that offers both the first is taken.
    /// </summary>
    /// <param name="server">The server, before it is started.</param>
    /// <param name="pattern">The route's pattern.</param>
    /// <param name="hub">The topics.</param>
    /// <param name="options">Read now; the defaults when null.</param>
    /// <exception cref="ArgumentException">The pattern is malformed, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public static HttpServer MapTopicProtocol(this HttpServer server, string pattern, TopicHub hub, TopicProtocolOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Map("GET", pattern, CreateTopicHandler(hub, options), RouteKind.WebSocket);
    }

    /// <summary>Makes the handler of such a route, for servers that choose by something else than the path.</summary>
    /// <param name="hub">The topics.</param>
    /// <param name="options">Read now; the defaults when null.</param>
    public static HttpHandler CreateTopicHandler(TopicHub hub, TopicProtocolOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(hub);
        TopicProtocolOptions frozen = (options ?? new TopicProtocolOptions()).Freeze();
        WebSocketEndpointOptions endpoint = frozen.Endpoint.Freeze();
        endpoint.Topics = hub;
        endpoint.SubProtocols.Clear();
        endpoint.SubProtocols.Add(SubProtocol);
        endpoint.SubProtocols.Add(BinarySubProtocol);
        endpoint.RequireSubProtocol = true;
        return WebSocketRoutes.CreateHandler(new TopicProtocolHandler(hub, frozen), endpoint);
    }
}
