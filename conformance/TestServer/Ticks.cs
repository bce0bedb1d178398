using System.Diagnostics;
using System.Globalization;
using System.Text;
using Engine.Http1;
using Engine.Sse;

namespace TestServer;

/// <summary>
/// GET /ticks?interval=MS&amp;size=BYTES&amp;burst=EVENTS: a broadcast to all its streams, every interval a burst of events whose data begins with the monotonic
/// clock in nanoseconds. The first stream's query holds for all. GET /gathered-ticks is the same with a coalescing interval of 10 ms.
/// </summary>
internal static class Ticks
{
    private const int StampDigits = 19;

    public static void Map(HttpServer server)
    {
        Map(server, "/ticks", new SseOptions());
        Map(server, "/gathered-ticks", new SseOptions { CoalescingInterval = TimeSpan.FromMilliseconds(10) });
    }

    private static void Map(HttpServer server, string pattern, SseOptions options)
    {
        var hub = new SseHub<int>(new SseHubOptions<int> { CreateHistory = null });
        long count = 0;
        ValueTask<SseTicket<int>?> Admit(HttpContext context)
        {
            if (Interlocked.Increment(ref count) == 1)
            {
                int Number(string name, int fallback)
                    => int.TryParse(context.Request.GetQueryValue(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : fallback;
                int interval = Number("interval", 10), size = Number("size", 100), burst = Number("burst", 1);
                new Thread(() => Run(hub, interval, size, burst)) { IsBackground = true, Name = "ticks" }.Start();
            }

            return ValueTask.FromResult<SseTicket<int>?>(new SseTicket<int>(count.ToString(CultureInfo.InvariantCulture), 0));
        }

        server.MapSseHub(pattern, hub, Admit, options);
    }

    /// <summary>A thread of its own, because the runtime's timers see no interval of less than 4 ms on many kernels.</summary>
    private static void Run(SseHub<int> hub, int interval, int size, int burst)
    {
        byte[] data = Encoding.ASCII.GetBytes(new string('x', Math.Max(size, StampDigits + 1)));
        data[StampDigits] = (byte)' ';
        var watch = Stopwatch.StartNew();
        using var pause = new ManualResetEventSlim(initialState: false, spinCount: 0);
        for (long ticks = 1; ; ticks++)
        {
            for (double left; (left = (ticks * interval) - watch.Elapsed.TotalMilliseconds) > 0;)
            {
                pause.Wait(Math.Max((int)left, 1));
            }

            for (int i = 0; i < burst; i++)
            {
                (Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency)).TryFormat(data, out _, "D19", CultureInfo.InvariantCulture);
                hub.PublishToAll(new SseEvent(null) { Utf8Data = data });
            }
        }
    }
}
