using System.IO.Pipelines;

namespace Engine.Http1;

/// <summary>Bodies on their way to handlers.</summary>
internal sealed partial class Http1Protocol
{
    private static readonly Action<object?> BodyWasRead = static state => ((Http1Protocol)state!).OnBodyRead();

    /// <summary>The request whose body waits for its reader; the count of requests then.</summary>
    private int _unreadRequest;

    /// <summary>Feeds the request's body. Returns how many bytes it took: all when it was refused, none when it is complete.</summary>
    private int FeedBody(ReadOnlySpan<byte> bytes)
    {
        HttpContext context = _context!;
        if (context.Request.BodyPipe is not { IsComplete: false } body)
        {
            return 0;
        }

        int taken = body.Feed(bytes, Limits, out HttpRejection rejection);
        if (rejection != HttpRejection.None)
        {
            BreakBody(context, body, rejection);
            return bytes.Length;
        }

        switch (_phase)
        {
            case Http1Phase.Draining:
                Drain(context, body);
                break;
            case Http1Phase.Completing:
                if (!body.IsComplete && body.TakenBytes > Limits.MaxUnreadBodySize)
                {
                    AbandonBody(context, body);
                }

                break;
            default:
                if (body.IsComplete)
                {
                    Arm();
                }
                else if (!body.TryFlush(out ValueTask<FlushResult> flush))
                {
                    // The handler reads slower than the peer sends.
                    Pause();
                    body.Unwatch();
                    Arm();
                    _unreadRequest = _requestCount;
                    _ = ResumeAsync(Waiting.For(flush), BodyWasRead);
                }

                break;
        }

        return taken;
    }

    private void OnBodyRead()
    {
        if (_phase == Http1Phase.Handling && _unreadRequest == _requestCount && _context!.Request.BodyPipe is { IsComplete: false } body)
        {
            WatchBody(body);
            Resume();
        }
    }

    private void Drain(HttpContext context, RequestBody body)
    {
        if (body.IsComplete)
        {
            GoToNextHead(context);
        }
        else if (body.TakenBytes > Limits.MaxUnreadBodySize)
        {
            _connection.Close(CloseReason.LimitExceeded);
            End();
        }
    }

    /// <summary>The body cannot be read to its end.</summary>
    private void BreakBody(HttpContext context, RequestBody body, HttpRejection rejection)
    {
        body.Fail(new RequestBodyException(
            rejection switch
            {
                HttpRejection.ContentTooLarge => "The body is larger than allowed.",
                HttpRejection.FieldsTooLarge => "The body's trailers are larger than allowed.",
                HttpRejection.RequestTimeout => "The body came too slowly.",
                _ => "The body's framing is broken.",
            },
            StatusLines.Of(rejection)));
        context.Response.KeepAlive = false;
        switch (_phase)
        {
            case Http1Phase.Handling:
                // The handler meets the failure where it reads; its response is the last.
                _application.CountRefusal(_connection, rejection);
                break;
            case Http1Phase.Completing:
                // The response is complete but for its end, which goes out; then the connection closes.
                AbandonBody(context, body);
                break;
            default:
                Reject(rejection, rejection == HttpRejection.RequestTimeout ? CloseReason.Timeout : CloseReason.ProtocolError);
                break;
        }
    }

    /// <summary>No more of the body is read: the connection closes with the response.</summary>
    private void AbandonBody(HttpContext context, RequestBody body)
    {
        context.Response.KeepAlive = false;
        body.Unwatch();
        Arm();
        Pause();
    }

    private static void DiscardBody(HttpContext context)
    {
        if (context.Request.BodyPipe is { IsComplete: false } body)
        {
            body.Discard();
        }
    }

    private void ReturnBody(HttpContext context)
    {
        if (context.Request.BodyPipe is { } body)
        {
            context.Request.BodyPipe = null;
            if (!Loop.TryReturn(body, context.Request.BodyLease, context.IsShared))
            {
                _application.EndAfterDoubleReturn(_connection, "body");
            }
        }
    }

    /// <summary>Begins to watch the rate of a body that has not come completely.</summary>
    private void WatchBody(RequestBody body)
    {
        if (body.IsComplete || Limits.MinRequestBodyDataRate == 0)
        {
            body.Unwatch();
        }
        else
        {
            body.Watch(_connection.NowMilliseconds, Limits.RequestBodyGracePeriod);
        }

        Arm();
    }

    private void JudgeBodyRate(RequestBody body, long now)
    {
        if (body.IsTooSlow(now, Limits.MinRequestBodyDataRate))
        {
            BreakBody(_context!, body, HttpRejection.RequestTimeout);
        }
        else
        {
            WatchBody(body);
        }
    }
}
