using Engine.Http1;

namespace Engine.Sse;

/// <summary>Puts topics on an HTTP server's routes.</summary>
public static class SseTopicRoutes
{
    /// <summary>
    /// Maps streams of topics: <c>GET /events?topic=a&amp;topic=b</c> sends what is published to them as events, whose ids say where each topic stands. A client that
    /// comes back with its last id, by the <c>Last-Event-ID</c> field or by <c>?last_event_id=</c>, gets what it missed, or an event that tells of the loss
    /// (<see cref="SseTopicOptions.GapEventType"/>). With <c>?protocol=topics.v1</c> the events are the messages of that protocol, as clients of
    /// docs/topics-protocol.md read them.
    /// </summary>
    /// <param name="server">The server, before it is started.</param>
    /// <param name="pattern">The route's pattern, as in <see cref="HttpServer.MapGet"/>.</param>
    /// <param name="hub">The topics.</param>
    /// <param name="options">Read now; the defaults when null.</param>
    /// <exception cref="ArgumentException">The pattern is malformed, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public static HttpServer MapSseTopics(this HttpServer server, string pattern, TopicHub hub, SseTopicOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(hub);
        return new SseTopicEndpoint(hub, options ?? new SseTopicOptions()).Map(server, pattern);
    }

    /// <summary>
    /// Maps publishing: <c>POST /topics/{topic}</c> publishes its body and is answered with 201 and the position of the message, in the body and in the field
    /// <c>Topic-Position</c>; a second try with the same <c>Idempotency-Key</c> with 200 and the first one's position. An invalid topic, or a body that is not what its
    /// type says, is 400; an older version 409; too large 413; no room for another topic 503.
    /// </summary>
    /// <param name="server">The server, before it is started.</param>
    /// <param name="pattern">The route's pattern, with a parameter named <c>topic</c>.</param>
    /// <param name="hub">The topics.</param>
    /// <param name="options">Read now; the defaults when null.</param>
    /// <exception cref="ArgumentException">The pattern is malformed, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The route conflicts with another, or the server has been started.</exception>
    public static HttpServer MapTopicPublish(this HttpServer server, string pattern, TopicHub hub, TopicPublishOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(hub);
        return server.MapPost(pattern, new TopicPublishEndpoint(hub, (options ?? new TopicPublishOptions()).Freeze()).RunAsync);
    }
}
