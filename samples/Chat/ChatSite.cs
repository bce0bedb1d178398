using Engine.Http1;
using Engine.PubSub;
using Engine.Sse;
using Engine.StaticFiles;
using Engine.WebSockets;

namespace Chat;

/// <summary>The chat's routes, for a server of its own or under a prefix of another.</summary>
internal sealed class ChatSite(Journal? journal = null, IBackplane? backplane = null, string? secret = null) : IDisposable
{
    private readonly Rooms _rooms = new(journal, backplane);
    private readonly Tickets _tickets = new(secret);

    public TopicHub Hub => _rooms.Hub;

    /// <param name="server">Where to.</param>
    /// <param name="pages">The folder of the pages.</param>
    public void Map(HttpServer server, string pages)
    {
        server.MapStaticFiles("/", pages);
        server.MapPost("/auth", _tickets.SignInAsync);
        server.MapTopicProtocol("/topics", _rooms.Hub, new TopicProtocolOptions
        {
            // Who does not answer for so long is gone, and the others see it leave.
            Endpoint = new WebSocketEndpointOptions
            {
                MaxMessageBytes = Rooms.MaxMessageBytes * 2,
                MaxFrameBytes = Rooms.MaxMessageBytes * 2,
                RequireSameOrigin = true,
                PingInterval = TimeSpan.FromSeconds(10),
                PongTimeout = TimeSpan.FromSeconds(10),
            },
            AuthenticateAsync = context => ValueTask.FromResult(_tickets.NameOf(context) is { } name ? Rooms.PeerOf(name) : null),
            AuthorizeSubscribeAsync = static (peer, topic) => ValueTask.FromResult(Rooms.MayHear((string)peer.User!, topic)),
            AuthorizePublishAsync = static (peer, topic) => ValueTask.FromResult(Rooms.MayPublish((string)peer.User!, topic)),
            Complete = (peer, topic, message) => _rooms.Complete((string)peer.User!, topic, message),
        });

        // The same rooms for readers without a name, and for clients whose WebSockets do not get through.
        server.MapSseTopics("/events", _rooms.Hub, new SseTopicOptions
        {
            AuthorizeAsync = (context, topic) => ValueTask.FromResult(Rooms.MayHear(_tickets.NameOf(context), topic)),
            GetMemberName = _tickets.NameOf,
        });
        server.MapTopicPublish("/topics/{topic}", _rooms.Hub, new TopicPublishOptions
        {
            AuthorizeAsync = (context, topic) => ValueTask.FromResult(_tickets.NameOf(context) is { } name && Rooms.MayPublish(name, topic)),
            CreateMessage = (context, topic, body) => _rooms.Complete(_tickets.NameOf(context)!, topic, new TopicMessage(body, PayloadKind.Json)
            {
                IdempotencyKey = context.Request.Headers["Idempotency-Key"],
            }),
        });
    }

    public void Dispose() => _rooms.Dispose();
}
