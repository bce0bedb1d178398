using TestServer;

namespace KestrelPeer;

/// <summary>GET /ticks?interval=MS&amp;size=BYTES&amp;burst=EVENTS, as TestServer has it: one timer, and for each stream a write and a flush an event.</summary>
internal sealed class Ticks
{
    private readonly List<HttpResponse> _streams = [];
    private readonly List<Task> _writes = [];
    private readonly Ticker _ticker;

    public Ticks() => _ticker = new Ticker("ticks", Send);

    public async Task RunAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync();
        lock (_streams)
        {
            _streams.Add(context.Response);
        }

        _ticker.Start(name => context.Request.Query[name]);
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_streams)
        {
            _streams.Remove(context.Response);
        }
    }

    private void Send(byte[] data)
    {
        byte[] bytes = [.. "data: "u8, .. data, (byte)'\n', (byte)'\n'];
        lock (_streams)
        {
            foreach (HttpResponse stream in _streams)
            {
                // The pipe has the bytes when this returns; completed writes cost no task.
                Task writing = stream.Body.WriteAsync(bytes, 0, bytes.Length);
                if (!writing.IsCompletedSuccessfully)
                {
                    _writes.Add(writing);
                }
            }
        }

        Writes.Await(_writes);
    }
}
