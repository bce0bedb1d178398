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

    /// <summary>Maps each of the methods that the options name.</summary>
    public HttpServer Map(HttpServer server, string pattern, HttpHandler handler)
    {
        foreach (string method in _options.Methods)
        {
            server.Map(method, pattern, handler, RouteKind.ServerSentEvents);
        }

        return server;
    }

    /// <summary>What the client of a request has seen; null for a new one.</summary>
    public string? LastEventIdOf(HttpContext context) => SseStream.ReadLastEventId(context.Request, _options.LastEventIdParameter);

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
            SseAdmission admission = await AdmitAsync(context, admit, openCount);
            if (admission == SseAdmission.Refused)
            {
                Refuse(context.Response);
            }
            else if (admission == SseAdmission.Full && !_options.EndWhenFull)
            {
                context.Response.StatusCode = 503;
                context.Response.Headers.Set("Retry-After", ((long)_options.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture));
            }
            else if (admission == SseAdmission.Full)
            {
                await StartAsync(context, _options.RetryAfter);
            }
            else if (await StartAsync(context) is { IsOpen: true } stream)
            {
                await handler(stream, stream.Closed);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _openCount);
        }
    }

    /// <summary>Starts a stream from any thread: the loop does it, and handlers on the thread pool go on there.</summary>
    /// <param name="context">The request.</param>
    /// <param name="reconnectionInterval">What the client is told first; null for what the options say.</param>
    public ValueTask<SseStream> StartAsync(HttpContext context, TimeSpan? reconnectionInterval = null)
        => context.Connection.IsOnLoop
            ? new ValueTask<SseStream>(Start(context, reconnectionInterval))
            : new ValueTask<SseStream>(StartOnLoopAsync(context, reconnectionInterval));

    /// <summary>Starts a stream. Loop only.</summary>
    /// <inheritdoc cref="StartAsync"/>
    public SseStream Start(HttpContext context, TimeSpan? reconnectionInterval = null)
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
        NameOrigin(context);
        var stream = new SseStream(context, response.StartStream(), _options, _buffers);
        if (stream.IsOpen && (reconnectionInterval ?? _options.ReconnectionInterval) is { } interval)
        {
            TimeSpan jitter = TimeSpan.FromMilliseconds(Random.Shared.NextInt64((long)_options.ReconnectionJitter.TotalMilliseconds + 1));
            stream.TrySend(new SseEvent(null) { ReconnectionInterval = interval + jitter });
        }

        return stream;
    }

    private async ValueTask<SseAdmission> AdmitAsync(HttpContext context, Func<HttpContext, ValueTask<SseAdmission>>? admit, int openCount)
    {
        if (_options.AllowedOrigins.Count > 0 && context.Request.Headers["Origin"] is { } origin && !IsAllowed(origin))
        {
            context.Response.StatusCode = 403;
            return SseAdmission.Refused;
        }

        if (_options.MaxStreams > 0 && openCount > _options.MaxStreams)
        {
            return SseAdmission.Full;
        }

        if (_options.OnConnectAsync is { } authorize && !await authorize(context))
        {
            return SseAdmission.Refused;
        }

        return admit is null ? SseAdmission.Admitted : await admit(context);
    }

    private Task<SseStream> StartOnLoopAsync(HttpContext context, TimeSpan? reconnectionInterval)
    {
        var started = new TaskCompletionSource<SseStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        context.Connection.Post(
            _ =>
            {
                try
                {
                    started.SetResult(Start(context, reconnectionInterval));
                }
                catch (Exception exception)
                {
                    started.SetException(exception);
                }
            },
            null);
        return started.Task;
    }

    private bool IsAllowed(string origin)
    {
        foreach (string allowed in _options.AllowedOrigins)
        {
            if (allowed.Equals(origin, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Says which pages may read the stream.</summary>
    private void NameOrigin(HttpContext context)
    {
        ResponseHeaders fields = context.Response.Headers;
        string? named = _options.AllowOrigin;
        if (_options.AllowedOrigins.Count > 0)
        {
            // Also without an origin: a cache must not give that response to a page.
            fields.Append("Vary", "Origin");
            named = context.Request.Headers["Origin"] is { } origin && IsAllowed(origin) ? origin : null;
        }

        if (named is null)
        {
            return;
        }

        fields.Set("Access-Control-Allow-Origin", named);
        if (_options.AllowCredentials)
        {
            fields.Set("Access-Control-Allow-Credentials", "true");
        }
    }

    private static void Refuse(HttpResponse response)
    {
        if (response.StatusCode == 200)
        {
            response.StatusCode = 403;
        }
    }
}
