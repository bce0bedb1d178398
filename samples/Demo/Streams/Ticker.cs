using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Engine;
using Engine.Http1;
using Engine.Sse;

namespace Demo;

/// <summary>
/// The page's event stream: numbered ticks, four a second, and the server's counters once a second. A tick's number follows from the clock, so a client
/// that comes back with Last-Event-ID gets those that it missed, without a history to be kept.
/// </summary>
internal sealed class Ticker(HttpServer server)
{
    private const int TickMilliseconds = 250;
    private const int MaxReplayedTicks = 1000;

    private readonly long _begin = Stopwatch.GetTimestamp();
    private readonly ConcurrentDictionary<SseStream, byte> _streams = new();

    private long CurrentTick => (long)Stopwatch.GetElapsedTime(_begin).TotalMilliseconds / TickMilliseconds;

    public async Task RunAsync(SseStream stream, CancellationToken cancellationToken)
    {
        _streams.TryAdd(stream, 0);
        try
        {
            long next = long.TryParse(stream.LastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out long last)
                ? Math.Max(last + 1, CurrentTick - MaxReplayedTicks)
                : CurrentTick;
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(TickMilliseconds));
            while (true)
            {
                for (; next <= CurrentTick; next++)
                {
                    string id = next.ToString(CultureInfo.InvariantCulture);
                    await stream.SendAsync(new SseEvent(id) { Id = id, EventType = "tick" }, cancellationToken);
                }

                if (next % 4 == 0)
                {
                    await stream.SendAsync(new SseEvent(Counters()) { EventType = "counters" }, cancellationToken);
                }

                await timer.WaitForNextTickAsync(cancellationToken);
            }
        }
        finally
        {
            _streams.TryRemove(stream, out _);
        }
    }

    /// <summary>Ends every stream the hard way, to show that clients come back and miss nothing.</summary>
    public ValueTask DropAsync(HttpContext context)
    {
        int count = 0;
        foreach (SseStream stream in _streams.Keys)
        {
            stream.Connection.Abort();
            count++;
        }

        return context.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{count} dropped\n"));
    }

    private string Counters()
    {
        EngineMetrics metrics = server.Engine.Metrics;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"connections\":{metrics.ConnectionsOpen},\"accepted\":{metrics.ConnectionsAccepted},\"received\":{metrics.BytesReceived},\"sent\":{metrics.BytesSent},\"queued\":{metrics.QueuedBytes},\"managed\":{GC.GetTotalMemory(false)}}}");
    }
}
