using System.Text;
using Engine.Http1;
using Engine.PubSub;
using Engine.Sse;
using Engine.WebSockets;

namespace TestServer;

/// <summary>
/// Topics for checks from outside. A topic's prefix says its kind: <c>e.</c> ephemeral, <c>s.</c> stream, <c>l.</c> latest, whose key is the part of the text before
/// the first space; any other is a stream.
/// </summary>
internal static class Topics
{
    /// <param name="server">The server, before it is started.</param>
    /// <param name="backplane">Joins the topics to those of other servers; null for none.</param>
    public static void Map(HttpServer server, IBackplane? backplane)
    {
        var stream = new TopicOptions(TopicKind.Stream) { MaxMessages = 10_000, MaxBytes = 64 << 20 };
        var hubOptions = new TopicHubOptions { Default = stream, OnError = static exception => Console.Error.WriteLine(exception) };
        if (backplane is not null)
        {
            hubOptions.Backplane = new BackplaneOptions(backplane);
        }

        hubOptions.Add("e.>", new TopicOptions(TopicKind.Ephemeral));
        hubOptions.Add("s.>", stream);
        hubOptions.Add("l.>", new TopicOptions(TopicKind.Latest));
        var hub = new TopicHub(hubOptions);
        server.MapSseTopics("/topics", hub);
        server.MapTopicPublish("/topics/{topic}", hub, new TopicPublishOptions { CreateMessage = CreateMessage, MaxBodyBytes = 1 << 20 });
        Listen = WebSocketRoutes.CreateHandler(new Listener(hub), new WebSocketEndpointOptions { Topics = hub });
        server.MapGet("/publish", context =>
        {
            Func<string, string?> query = context.Request.GetQueryValue;
            string topic = query("topic") ?? "e.bench";
            new Ticker("publish", data => hub.Publish(topic, data, PayloadKind.Text)).Start(query);
            context.Response.StatusCode = 204;
            return ValueTask.CompletedTask;
        });
        Speak = TopicProtocolRoutes.CreateTopicHandler(hub, new TopicProtocolOptions { Complete = static (_, topic, message) => WithKey(topic, message) });
    }

    /// <summary>WebSockets of <c>/topics</c>, by the sub-protocol <c>topics.v1</c>.</summary>
    public static HttpHandler Speak { get; private set; } = static _ => ValueTask.CompletedTask;

    /// <summary>
    /// WebSockets of <c>/listen?topic=NAME</c>, which hear the topic's messages as they are. <c>/publish?topic=NAME&amp;interval=MS&amp;size=BYTES&amp;burst=MESSAGES</c>,
    /// here or on another node, begins to publish in the rhythm of a <see cref="Ticker"/>.
    /// </summary>
    public static HttpHandler Listen { get; private set; } = static _ => ValueTask.CompletedTask;

    private static TopicMessage CreateMessage(HttpContext context, string topic, ReadOnlyMemory<byte> body)
    {
        PayloadKind kind = context.Request.Headers["Content-Type"] switch
        {
            "application/json" => PayloadKind.Json,
            "application/octet-stream" => PayloadKind.Binary,
            _ => PayloadKind.Text,
        };
        return WithKey(topic, new TopicMessage(body, kind)
        {
            Key = context.Request.GetQueryValue("key"),
            EventType = context.Request.GetQueryValue("event"),
            IdempotencyKey = context.Request.Headers["Idempotency-Key"],
        });
    }

    /// <summary>A message of a latest topic that names no key has its first word as one.</summary>
    private static TopicMessage WithKey(string topic, in TopicMessage message)
    {
        if (message.Key is not null || !topic.StartsWith("l.", StringComparison.Ordinal))
        {
            return message;
        }

        ReadOnlySpan<byte> text = message.Payload.Span;
        int space = text.IndexOf((byte)' ');
        return new TopicMessage(message.Payload, message.Kind)
        {
            Key = Encoding.UTF8.GetString(space < 0 ? text : text[..space]),
            EventType = message.EventType,
            IdempotencyKey = message.IdempotencyKey,
            Version = message.Version,
        };
    }

    private sealed class Listener(TopicHub hub) : WebSocketHandler<string>
    {
        public override async ValueTask OnUpgradeAsync(WebSocketUpgrade<string> upgrade)
        {
            upgrade.Data = upgrade.Context.Request.GetQueryValue("topic") ?? "e.bench";
            await hub.PrepareAsync(upgrade.Data);
        }

        public override void OnOpen(WebSocketConnection<string> socket) => socket.Subscribe(socket.Data!);

        public override ValueTask OnMessage(WebSocketConnection<string> socket, WebSocketMessage message) => ValueTask.CompletedTask;

        /// <summary>Who is too slow for what is published goes on with what is newer.</summary>
        public override void OnTopicGap(WebSocketConnection<string> socket, in TopicGap gap) => socket.TrySendText("gap");
    }
}
