using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Engine;
using Engine.Http1;
using Engine.PubSub;
using Engine.Sse;
using Engine.WebSockets;

namespace TestServer;

/// <summary>The routes that outside checks are pointed at.</summary>
internal static class Routes
{
    private static readonly byte[] Hello = "Hello, World!"u8.ToArray();

    public static void Map(HttpServer server, bool deflate, IBackplane? backplane)
    {
        var options = new WebSocketEndpointOptions();
        if (deflate)
        {
            // Both sides keep their windows: the suite's offers narrow it.
            options.Compression = new WebSocketCompressionOptions { ServerContextTakeover = true, ClientContextTakeover = true, ThresholdBytes = 0, MaxInflationRatio = 1100 };
        }

        HttpHandler echo = WebSocketRoutes.CreateHandler(new EchoHandler(), options);
        server.Use((context, next) => context.Upgrade?.HasToken("websocket") != true ? next(context)
            : context.Request.RawPath.SequenceEqual("/topics"u8) ? Topics.Speak(context)
            : context.Request.RawPath.SequenceEqual("/listen"u8) ? Topics.Listen(context)
            : (Fanout.Find(context) ?? echo)(context));
        server.Map("*", "/", EchoWholeAsync);
        server.MapGet("/plain", static context =>
        {
            context.Response.ContentType = "text/plain";
            return context.Response.WriteAsync(Hello);
        });
        server.MapPost("/echo", EchoStreamAsync);
        server.MapGet("/stats", context => StatsAsync(server, context));
        server.MapSse("/sse", StreamAsync);
        Ticks.Map(server);
        Topics.Map(server, backplane);
    }

    /// <summary>The request's body, given back with its length.</summary>
    private static async ValueTask EchoWholeAsync(HttpContext context)
    {
        context.Response.ContentType = context.Request.Headers["Content-Type"] ?? "application/octet-stream";
        while (true)
        {
            ReadResult result = await context.Request.Body.ReadAsync();
            foreach (ReadOnlyMemory<byte> segment in result.Buffer)
            {
                context.Response.BodyWriter.Write(segment.Span);
            }

            context.Request.Body.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>The request's body, streamed back while it still arrives.</summary>
    private static async ValueTask EchoStreamAsync(HttpContext context)
    {
        context.Response.ContentType = context.Request.Headers["Content-Type"] ?? "application/octet-stream";
        if (context.Request.ContentLength is { } length)
        {
            context.Response.ContentLength = length;
        }

        while (true)
        {
            ReadResult result = await context.Request.Body.ReadAsync();
            foreach (ReadOnlyMemory<byte> segment in result.Buffer)
            {
                await context.Response.WriteAsync(segment);
            }

            context.Request.Body.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }

            await context.Response.FlushAsync();
        }
    }

    /// <summary>count events of size bytes with ids from 0 (or behind Last-Event-ID), one every interval milliseconds; 0 as fast as the client takes them.</summary>
    private static async Task StreamAsync(SseStream stream, CancellationToken cancellationToken)
    {
        HttpRequest request = stream.Context.Request;
        long count = Number(request, "count", long.MaxValue);
        int size = (int)Math.Min(Number(request, "size", 16), 64 << 20);
        long interval = Number(request, "interval", 1000);
        string data = new('x', size);
        long first = long.TryParse(stream.LastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out long last) ? last + 1 : 0;
        using PeriodicTimer? timer = interval > 0 ? new PeriodicTimer(TimeSpan.FromMilliseconds(interval)) : null;
        for (long id = first; id < count; id++)
        {
            if (timer is not null && id > first)
            {
                await timer.WaitForNextTickAsync(cancellationToken);
            }

            var item = new SseEvent(data) { Id = id.ToString(CultureInfo.InvariantCulture) };
            if (await stream.SendAsync(item, cancellationToken) == SendStatus.Closed)
            {
                return;
            }

            if (timer is null && (id & 63) == 63)
            {
                // As fast as the client takes them, but the other connections of this loop have their turns.
                await Task.Yield();
            }
        }
    }

    private static long Number(HttpRequest request, string name, long fallback)
        => long.TryParse(request.GetQueryValue(name), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : fallback;

    /// <summary>What a bench wants to know of this process.</summary>
    private static ValueTask StatsAsync(HttpServer server, HttpContext context)
    {
        if (context.Request.GetQueryValue("collect") is not null)
        {
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            GC.Collect();
        }

        EngineMetrics metrics = server.Engine.Metrics;
        context.Response.ContentType = "application/json";
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{{\"connections\":{metrics.ConnectionsOpen},\"managedBytes\":{GC.GetTotalMemory(false)},");
        text.Append(CultureInfo.InvariantCulture, $"\"allocatedBytes\":{GC.GetTotalAllocatedBytes()},\"gen0\":{GC.CollectionCount(0)},\"gen1\":{GC.CollectionCount(1)},\"gen2\":{GC.CollectionCount(2)},");
        text.Append(CultureInfo.InvariantCulture, $"\"residentBytes\":{Environment.WorkingSet},\"rentedSegments\":{metrics.RentedSegments},\"queuedBytes\":{metrics.QueuedBytes},");
        text.Append(CultureInfo.InvariantCulture, $"\"bytesReceived\":{metrics.BytesReceived},\"bytesSent\":{metrics.BytesSent},\"processId\":{Environment.ProcessId}}}\n");
        return context.Response.WriteAsync(text.ToString());
    }
}
