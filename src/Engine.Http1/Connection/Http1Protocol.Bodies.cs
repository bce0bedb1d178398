using System.IO.Pipelines;

namespace Engine.Http1;

/// <summary>Bodies on their way to handlers, and their clocks.</summary>
internal sealed partial class Http1Protocol
{
    private long _bodyTakenBefore;

    /// <summary>Feeds the request's body; answers how many bytes it took.</summary>
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
            RejectBody(context, body, rejection);
            return bytes.Length;
        }

        if (_phase == Phase.Draining)
        {
            Drain(context, body);
            return taken;
        }

        if (_phase == Phase.Completing)
        {
            if (!body.IsComplete && body.TakenBytes > Limits.MaxUnreadBodySize)
            {
                AbandonBody(context);
            }

            return taken;
        }

        if (body.IsComplete)
        {
            _connection.ClearDeadline();
        }
        else if (!body.TryFlush(out ValueTask<FlushResult> flush))
        {
            // The handler reads slower than the peer sends.
            Pause();
            _connection.ClearDeadline();
            _ = ResumeAfterAsync(context, body, flush);
        }

        return taken;
    }

    private async Task ResumeAfterAsync(HttpContext context, RequestBody body, ValueTask<FlushResult> flush)
    {
        await flush;
        _connection.Post(
            static state =>
            {
                (Http1Protocol protocol, HttpContext context, RequestBody body) = ((Http1Protocol, HttpContext, RequestBody))state!;
                if (ReferenceEquals(protocol._context, context) && ReferenceEquals(context.Request.BodyPipe, body))
                {
                    protocol.WatchBody(body);
                    protocol.Resume();
                }
            },
            (this, context, body));
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

    private void RejectBody(HttpContext context, RequestBody body, HttpRejection rejection)
    {
        body.Fail(rejection switch
        {
            HttpRejection.ContentTooLarge => "The body is larger than allowed.",
            HttpRejection.FieldsTooLarge => "The body's trailers are larger than allowed.",
            HttpRejection.RequestTimeout => "The body came too slowly.",
            _ => "The body's framing is broken.",
        });
        context.Response.KeepAlive = false;
        if (_isRunning)
        {
            // The handler meets the failure where it reads; what it answers is the last answer.
            _lateRejection = rejection;
            return;
        }

        if (_phase == Phase.Completing)
        {
            // The response is complete but for its end, which waits for room: it goes out, and the connection closes behind it.
            AbandonBody(context);
            return;
        }

        Reject(rejection, CloseReason.ProtocolError);
    }

    /// <summary>No more of the body is read: the connection closes with the response.</summary>
    private void AbandonBody(HttpContext context)
    {
        context.Response.KeepAlive = false;
        _connection.ClearDeadline();
        Pause();
    }

    /// <summary>Begins to watch the rate of a body that has not come completely.</summary>
    private void WatchBody(RequestBody body)
    {
        if (body.IsComplete || Limits.MinRequestBodyDataRate == 0)
        {
            _connection.ClearDeadline();
            return;
        }

        _bodyBegunAt = _connection.NowMilliseconds;
        _bodyTakenBefore = body.TakenBytes;
        _connection.SetDeadline(Limits.RequestBodyGracePeriod);
    }

    private void JudgeBodyRate()
    {
        HttpContext context = _context!;
        if (context.Request.BodyPipe is not { IsComplete: false } body)
        {
            return;
        }

        long milliseconds = _connection.NowMilliseconds - _bodyBegunAt;
        long taken = body.TakenBytes - _bodyTakenBefore;
        bool isWaitedFor = !body.IsContinueOwed;
        if (isWaitedFor && taken * 1000 < Limits.MinRequestBodyDataRate * milliseconds)
        {
            RejectBody(context, body, HttpRejection.RequestTimeout);
            return;
        }

        WatchBody(body);
    }
}
