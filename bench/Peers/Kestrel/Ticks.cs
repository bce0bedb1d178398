using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace KestrelPeer;

/// <summary>GET /ticks?interval=MS&amp;size=BYTES&amp;burst=EVENTS, as TestServer has it: one timer, and for each stream a write and a flush an event.</summary>
internal sealed class Ticks
{
    private readonly List<HttpResponse> _streams = [];
    private int _isTicking;

    public async Task RunAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync();
        lock (_streams)
        {
            _streams.Add(context.Response);
        }

        if (Interlocked.Exchange(ref _isTicking, 1) == 0)
        {
            int Number(string name, int fallback) => int.TryParse(context.Request.Query[name], CultureInfo.InvariantCulture, out int number) ? number : fallback;
            int interval = Number("interval", 10), size = Number("size", 100), burst = Number("burst", 1);
            new Thread(() => Tick(interval, size, burst)) { IsBackground = true, Name = "ticks" }.Start();
        }

        await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_streams)
        {
            _streams.Remove(context.Response);
        }
    }

    /// <summary>A thread of its own, because the runtime's timers see no interval of less than 4 ms on many kernels.</summary>
    private void Tick(int interval, int size, int burst)
    {
        byte[] bytes = Encoding.ASCII.GetBytes($"data: {new string('x', Math.Max(size, 20))}\n\n");
        bytes[25] = (byte)' ';
        var writes = new List<Task>();
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
                (Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency)).TryFormat(bytes.AsSpan(6), out _, "D19", CultureInfo.InvariantCulture);
                lock (_streams)
                {
                    foreach (HttpResponse stream in _streams)
                    {
                        // The pipe has the bytes when this returns; completed writes cost no task.
                        Task writing = stream.Body.WriteAsync(bytes, 0, bytes.Length);
                        if (!writing.IsCompletedSuccessfully)
                        {
                            writes.Add(writing);
                        }
                    }
                }

                try
                {
                    // The bytes are written over by the next event.
                    Task.WaitAll(writes);
                }
                catch (AggregateException)
                {
                    // Streams that ended: they take themselves out of the list.
                }

                writes.Clear();
            }
        }
    }
}
