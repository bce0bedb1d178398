using System.Globalization;
using Engine.Http1;
using Engine.PubSub;
using Engine.WebSockets;

namespace TestServer;

/// <summary>
/// WebSockets that only listen, and answer no ping: /fanout?interval=MS&amp;size=BYTES&amp;burst=MESSAGES&amp;topics=N subscribes each to one of N topics, in turn, and to
/// more of its own with <c>own=M</c>; each topic is published to in the rhythm of a <see cref="Ticker"/>. The first one's query holds for all. /gathered-fanout is
/// the same with a coalescing interval of 10 ms; /latest-fanout has latest topics, of which a subscriber gets the newest value ten times a second.
/// </summary>
internal static class Fanout
{
    /// <summary>The handler of such a path; null for any other.</summary>
    public static HttpHandler? Find(HttpContext context)
        => context.Request.RawPath.SequenceEqual("/fanout"u8) ? Plain
            : context.Request.RawPath.SequenceEqual("/gathered-fanout"u8) ? Gathered
            : context.Request.RawPath.SequenceEqual("/latest-fanout"u8) ? Latest
            : null;

    /// <summary>A reader that stalls for a moment at 16 KB a message is not behind at once.</summary>
    private static TopicOptions Unkept => new(TopicKind.Ephemeral) { MaxBytes = 64 << 20, MaxMessages = 10_000 };

    private static HttpHandler Plain { get; } = Create(TimeSpan.Zero, Unkept);

    private static HttpHandler Gathered { get; } = Create(TimeSpan.FromMilliseconds(10), Unkept);

    private static HttpHandler Latest { get; } = Create(TimeSpan.Zero, new TopicOptions(TopicKind.Latest) { MinInterval = TimeSpan.FromMilliseconds(100) });

    private static HttpHandler Create(TimeSpan coalescing, TopicOptions topics)
    {
        var hub = new TopicHub(new TopicHubOptions { Default = topics, MaxTopics = 1_000_000 });
        var options = new WebSocketEndpointOptions { Topics = hub, PingInterval = Timeout.InfiniteTimeSpan, Compression = new WebSocketCompressionOptions { ThresholdBytes = 64 } };
        return WebSocketRoutes.CreateHandler(new Handler(hub, coalescing), options);
    }

    private sealed record Wanted(string Topic, int OwnCount, int Number);

    private sealed class Handler : WebSocketHandler<Wanted>
    {
        private readonly TopicHub _hub;
        private readonly TimeSpan _coalescing;
        private readonly Ticker _ticker;
        private string[] _topics = [];
        private int _count;

        public Handler(TopicHub hub, TimeSpan coalescing)
        {
            _hub = hub;
            _coalescing = coalescing;
            _ticker = new Ticker("fanout", Publish);
        }

        public override ValueTask OnUpgradeAsync(WebSocketUpgrade<Wanted> upgrade)
        {
            Func<string, string?> query = upgrade.Context.Request.GetQueryValue;
            int number = Interlocked.Increment(ref _count) - 1;
            if (number == 0)
            {
                _topics = [.. Enumerable.Range(0, Math.Max(Ticker.Number(query, "topics", 1), 1)).Select(static topic => $"topic.{topic}")];
            }

            upgrade.Data = new Wanted(_topics[number % _topics.Length], Ticker.Number(query, "own", 0), number);
            _ticker.Start(query);
            return ValueTask.CompletedTask;
        }

        public override void OnOpen(WebSocketConnection<Wanted> socket)
        {
            socket.CoalescingInterval = _coalescing;
            socket.Subscribe(socket.Data!.Topic);
            for (int i = 0; i < socket.Data.OwnCount; i++)
            {
                socket.Subscribe($"own.{socket.Data.Number}.{i}");
            }
        }

        public override ValueTask OnMessage(WebSocketConnection<Wanted> socket, WebSocketMessage message) => ValueTask.CompletedTask;

        /// <summary>In words of its own, so that a load sees who was told.</summary>
        public override void OnTopicGap(WebSocketConnection<Wanted> socket, in TopicGap gap)
            => socket.TrySendText(string.Create(CultureInfo.InvariantCulture, $"gap {gap.MissedCount}"));

        private void Publish(byte[] data)
        {
            foreach (string topic in _topics)
            {
                _hub.Publish(topic, data, PayloadKind.Text);
            }
        }
    }
}
