using System.Globalization;
using Engine.Http1;
using Microsoft.Extensions.ObjectPool;

namespace Engine.Sse;

/// <summary>Runs one stream. The token is <see cref="SseStream.Closed"/>; the stream ends when the task completes.</summary>
public delegate Task SseHandler(SseStream stream, CancellationToken cancellationToken);

/// <summary>What the streams of one mapped pattern share.</summary>
internal sealed class SseEndpoint(SseOptions options)
{
    private readonly ObjectPool<EventBuffer> _buffers = new DefaultObjectPool<EventBuffer>(new BufferPolicy());
    private readonly SseOptions _options = options.Freeze();
    private int _openCount;

    public async ValueTask RunAsync(HttpContext context, SseHandler handler)
    {
        if (_options.MaxStreams > 0 && Volatile.Read(ref _openCount) >= _options.MaxStreams)
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.Set("Retry-After", ((long)_options.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture));
            return;
        }

        if (_options.OnConnectAsync is { } authorize && !await authorize(context))
        {
            context.Response.StatusCode = context.Response.StatusCode == 200 ? 403 : context.Response.StatusCode;
            return;
        }

        Interlocked.Increment(ref _openCount);
        try
        {
            SseStream stream = Start(context);
            if (stream.IsOpen)
            {
                await handler(stream, stream.Closed);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _openCount);
        }
    }

    public SseStream Start(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.Set("Cache-Control", "no-cache");

        // nginx and its likes hold a response back until a buffer is full, unless they are told.
        response.Headers.Set("X-Accel-Buffering", "no");
        if (_options.AllowOrigin is { } origin)
        {
            response.Headers.Set("Access-Control-Allow-Origin", origin);
        }

        var stream = new SseStream(context, response.StartStream(), _options, _buffers);
        if (_options.ReconnectionInterval is { } interval && stream.IsOpen)
        {
            TimeSpan jitter = TimeSpan.FromMilliseconds(Random.Shared.NextInt64((long)_options.ReconnectionJitter.TotalMilliseconds + 1));
            stream.TrySend(new SseEvent(null) { ReconnectionInterval = interval + jitter });
        }

        return stream;
    }

    private sealed class BufferPolicy : PooledObjectPolicy<EventBuffer>
    {
        public override EventBuffer Create() => new();

        public override bool Return(EventBuffer obj)
        {
            obj.Clear();
            return true;
        }
    }
}
