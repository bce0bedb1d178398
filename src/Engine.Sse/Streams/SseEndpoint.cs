using System.Globalization;
using Engine.Http1;

namespace Engine.Sse;

/// <summary>Runs one stream. The token is <see cref="SseStream.Closed"/>; the stream ends when the task completes.</summary>
public delegate Task SseHandler(SseStream stream, CancellationToken cancellationToken);

/// <summary>What the streams of one mapped pattern share.</summary>
internal sealed class SseEndpoint(SseOptions options)
{
    private readonly EventBufferPool _buffers = new();
    private readonly SseOptions _options = options.Freeze();
    private int _openCount;

    public ValueTask RunAsync(HttpContext context, SseHandler handler) => RunAsync(context, admit: null, handler);

    /// <param name="context">The request.</param>
    /// <param name="admit">Asked after <see cref="SseOptions.OnConnectAsync"/>, before the stream starts.</param>
    /// <param name="handler">Feeds the stream.</param>
    public async ValueTask RunAsync(HttpContext context, Func<HttpContext, ValueTask<SseAdmission>>? admit, SseHandler handler)
    {
        // The place is taken before anything is awaited, so that the limit holds for those who come together.
        int openCount = Interlocked.Increment(ref _openCount);
        try
        {
            SseAdmission admission = _options.MaxStreams > 0 && openCount > _options.MaxStreams ? SseAdmission.Full : SseAdmission.Admitted;
            if (admission == SseAdmission.Admitted && _options.OnConnectAsync is { } authorize && !await authorize(context))
            {
                admission = SseAdmission.Refused;
            }

            if (admission == SseAdmission.Admitted && admit is not null)
            {
                admission = await admit(context);
            }

            if (admission != SseAdmission.Admitted)
            {
                Refuse(context.Response, admission);
                return;
            }

            SseStream stream = context.Connection.IsOnLoop ? Start(context) : await StartOnLoopAsync(context);
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
        if (response.HasBody)
        {
            // Before the fields are set, which the plain response would carry.
            throw new InvalidOperationException("A stream of events cannot be started: the response has begun as a plain one, or is a stream already.");
        }

        response.ContentType = "text/event-stream";
        response.Headers.Set("Cache-Control", "no-cache");

        // nginx and its likes hold a response back until a buffer is full, unless they are told.
        response.Headers.Set("X-Accel-Buffering", "no");
        if (_options.AllowOrigin is { } origin)
        {
            response.Headers.Set("Access-Control-Allow-Origin", origin);
            if (_options.AllowCredentials)
            {
                response.Headers.Set("Access-Control-Allow-Credentials", "true");
            }
        }

        var stream = new SseStream(context, response.StartStream(), _options, _buffers);
        if (_options.ReconnectionInterval is { } interval && stream.IsOpen)
        {
            TimeSpan jitter = TimeSpan.FromMilliseconds(Random.Shared.NextInt64((long)_options.ReconnectionJitter.TotalMilliseconds + 1));
            stream.TrySend(new SseEvent(null) { ReconnectionInterval = interval + jitter });
        }

        return stream;
    }

    /// <summary>For handlers on the thread pool: they go on there.</summary>
    private Task<SseStream> StartOnLoopAsync(HttpContext context)
    {
        var started = new TaskCompletionSource<SseStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        context.Connection.Post(
            _ =>
            {
                try
                {
                    started.SetResult(Start(context));
                }
                catch (Exception exception)
                {
                    started.SetException(exception);
                }
            },
            null);
        return started.Task;
    }

    private void Refuse(HttpResponse response, SseAdmission admission)
    {
        if (admission == SseAdmission.Full)
        {
            response.StatusCode = 503;
            response.Headers.Set("Retry-After", ((long)_options.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        }
        else if (response.StatusCode == 200)
        {
            response.StatusCode = 403;
        }
    }
}
