using System.Globalization;
using Engine.Http1;
using Engine.PubSub;
using Engine.Sse;

namespace TestServer;

/// <summary>
/// GET /ticks?interval=MS&amp;size=BYTES&amp;burst=EVENTS: a broadcast to all its streams, in the rhythm of a <see cref="Ticker"/>. GET /gathered-ticks is the
/// same with a coalescing interval of 10 ms.
/// </summary>
internal static class Ticks
{
    /// <summary>Nothing for those who come back. A reader that stalls for a moment at 16 KB an event is not behind at once.</summary>
    private static TopicHubOptions Unkept => new() { Default = new TopicOptions(TopicKind.Ephemeral) { MaxBytes = 4 << 20 } };

    public static void Map(HttpServer server)
    {
        Map(server, "/ticks", new SseOptions());
        Map(server, "/gathered-ticks", new SseOptions { CoalescingInterval = TimeSpan.FromMilliseconds(10) });
    }

    private static void Map(HttpServer server, string pattern, SseOptions options)
    {
        var hub = new SseHub<int>(new SseHubOptions<int> { Topics = Unkept });
        var ticker = new Ticker("ticks", data => hub.PublishToAll(new SseEvent(null) { Utf8Data = data }));
        long count = 0;
        ValueTask<SseTicket<int>?> Admit(HttpContext context)
        {
            ticker.Start(context.Request.GetQueryValue);
            return ValueTask.FromResult<SseTicket<int>?>(new SseTicket<int>(Interlocked.Increment(ref count).ToString(CultureInfo.InvariantCulture), 0));
        }

        server.MapSseHub(pattern, hub, Admit, options);
    }
}
