using System.Globalization;
using System.Text;

namespace Engine.Http1;

/// <summary>From the first byte of a head to the end of its response.</summary>
internal sealed partial class Http1Protocol
{
    private static readonly WaitCallback RunOnPool = static state => ((Http1Protocol)state!).RunForeign();
    private static readonly Action<object?> HandlerEnded = static state => ((Http1Protocol)state!).OnHandlerEnded();
    private static readonly Action<object?> EndMayGoOn = static state => ((Http1Protocol)state!).OnEndMayGoOn();
    private static readonly Action<object?> RoomWasMade = static state => ((Http1Protocol)state!).OnRoomMade();

    /// <summary>Goes on with a head. Returns how many bytes it and the beginning of its body took; none when the head is incomplete, all when it was refused.</summary>
    private int TakeHead(ReadOnlySpan<byte> bytes)
    {
        HttpContext context = _context ??= Loop.RentContext(out _contextLease);
        bool hadBegun = context.Request.Head.HasBegun;
        _phase = Http1Phase.Head;
        if (context.Request.Head.TryParse(bytes, Limits, out HttpRejection rejection))
        {
            int length = context.Request.Head.LengthBytes;
            if (context.Request.Attach(bytes[..length]))
            {
                return length + Begin(context, bytes[length..]);
            }

            rejection = HttpRejection.BadRequest;
        }

        if (rejection != HttpRejection.None)
        {
            Reject(rejection, CloseReason.ProtocolError);
            return bytes.Length;
        }

        if (!hadBegun && _requestCount > 0)
        {
            SetHeadDue(Limits.RequestHeadersTimeout);
        }

        return 0;
    }

    /// <summary>Starts the request whose head is complete. Returns how many bytes of its body were taken.</summary>
    private int Begin(HttpContext context, ReadOnlySpan<byte> following)
    {
        RequestHead head = context.Request.Head;
        _requestCount++;
        _headDue = 0;
        bool isLast = Limits.MaxRequestsPerConnection > 0 && _requestCount >= Limits.MaxRequestsPerConnection;
        bool keepAlive = !head.WantsClose && (!head.IsHttp10 || head.WantsKeepAlive) && !isLast && _endsWith == CloseReason.None;
        context.Begin(_connection, offersUpgrade: !head.IsHttp10 && head.WantsUpgrade && head.UpgradeIndex >= 0 && !context.Request.HasBody);
        context.Response.Begin(_connection, this, Loop.Environment, context.Request.RawMethod.SequenceEqual("HEAD"u8), head.IsHttp10, keepAlive);
        _application.Pipeline.Route(context);
        int taken = 0;
        if (context.Request.HasBody)
        {
            long maxBytes = context.RouteOptions?.MaxRequestBodySize ?? Limits.MaxRequestBodySize;
            if (head.ContentLength > maxBytes)
            {
                Reject(HttpRejection.ContentTooLarge, CloseReason.ProtocolError);
                return following.Length;
            }

            RequestBody body = Loop.RentBody(out uint lease);
            body.Begin(_connection, head, maxBytes);
            context.Request.BodyPipe = body;
            context.Request.BodyLease = lease;
            context.Response.Expecting = head.ExpectsContinue ? body : null;
            taken = FeedBody(following);
            if (_phase != Http1Phase.Head)
            {
                return following.Length;
            }

            if (!_connection.IsReceivePaused)
            {
                WatchBody(body);
            }
        }

        if (context.RouteOptions?.RequestTimeout is { } timeout)
        {
            _handlerDue = _connection.NowMilliseconds + Math.Max((long)timeout.TotalMilliseconds, 1);
        }

        Arm();
        _phase = Http1Phase.Handling;
        Run(context);
        return taken;
    }

    private void Run(HttpContext context)
    {
        if (_application.Scheduling == HandlerScheduling.ThreadPool)
        {
            context.IsShared = true;
            ThreadPool.UnsafeQueueUserWorkItem(RunOnPool, this);
            return;
        }

        ValueTask running;
        try
        {
            running = _application.Pipeline.Run(context);
        }
        catch (Exception exception)
        {
            Finish(context, exception);
            return;
        }

        if (running.IsCompletedSuccessfully)
        {
            Finish(context, failure: null);
        }
        else
        {
            context.IsShared = true;
            _ = ResumeAsync(running, HandlerEnded, context);
        }
    }

    private void RunForeign()
    {
        HttpContext context = _context!;
        ValueTask running;
        try
        {
            running = _application.Pipeline.Run(context);
        }
        catch (Exception exception)
        {
            running = ValueTask.FromException(exception);
        }

        _ = ResumeAsync(running, HandlerEnded, context);
    }

    private void OnHandlerEnded()
    {
        HttpContext context = _context!;
        Finish(context, context.Failure);
        Continue();
    }

    /// <summary>The handler is done, well or not.</summary>
    private void Finish(HttpContext context, Exception? failure)
    {
        _handlerDue = 0;
        if (failure is not null && !Recover(context, failure))
        {
            EndBroken();
            return;
        }

        HttpResponse response = context.Response;
        if (response.IsSwitching && !response.HasStarted && context.Upgrade is { Successor: { } successor } offer)
        {
            Switch(context, offer.AcceptedProtocol!, successor);
            return;
        }

        if (context.Request.BodyPipe is { IsComplete: false } body && !body.CanDrain(Limits.MaxUnreadBodySize))
        {
            response.KeepAlive = false;
        }

        Complete(context);
    }

    /// <summary>Sends the end of the response, or waits until it can be sent.</summary>
    private void Complete(HttpContext context)
    {
        ResponseEnd end;
        ValueTask waiting;
        try
        {
            end = context.Response.Complete(out waiting);
        }
        catch (Exception exception)
        {
            _application.Report(exception, context);
            if (context.Response.HasStarted)
            {
                EndBroken();
                return;
            }

            Prepare(context, 500);
            end = context.Response.Complete(out waiting);
        }

        switch (end)
        {
            case ResponseEnd.Sent:
                Next(context);
                break;
            case ResponseEnd.Waits:
                _phase = Http1Phase.Completing;
                DiscardBody(context);
                _ = ResumeAsync(waiting, EndMayGoOn);
                break;
            default:
                End();
                break;
        }
    }

    private void OnEndMayGoOn()
    {
        if (_phase == Http1Phase.Completing)
        {
            Complete(_context!);
            Continue();
        }
    }

    /// <summary>Turns an exception into a response, when none has started. Returns false when nothing honest can be said any more.</summary>
    private bool Recover(HttpContext context, Exception failure)
    {
        if (!_connection.IsOpen)
        {
            // A handler that fails because its peer is gone has not failed.
            return false;
        }

        if (failure is OperationCanceledException)
        {
            if (context.Response.Stream is { } stream && stream.Closed.IsCancellationRequested)
            {
                // The way in which most handlers leave a stream that was told to end.
                return true;
            }

            if (context.IsTimedOut)
            {
                return !context.Response.HasStarted && Prepare(context, 503);
            }

            if (context.IsAborted)
            {
                // The way in which most handlers leave a request whose client has gone.
                _connection.Close(CloseReason.PeerClosed);
                return false;
            }
        }

        int status = HandlerFailure.StatusOf(failure);
        if (status == 500)
        {
            _application.Report(failure, context);
        }

        return !context.Response.HasStarted && Prepare(context, status);
    }

    /// <summary>Makes the response one that says an error.</summary>
    private static bool Prepare(HttpContext context, int status)
    {
        context.Response.Restart(status);
        context.Response.SetText(StatusLines.Text(status));
        return true;
    }

    /// <summary>The response is with the connection: the next request, or the end.</summary>
    private void Next(HttpContext context)
    {
        if (!_connection.IsOpen)
        {
            End();
            return;
        }

        if (!context.Response.KeepAlive)
        {
            _connection.Close(_endsWith == CloseReason.None ? CloseReason.Completed : _endsWith);
            End();
            return;
        }

        if (context.Request.BodyPipe is { IsComplete: false })
        {
            DiscardBody(context);
            _phase = Http1Phase.Draining;
            return;
        }

        GoToNextHead(context);
        if (!_connection.IsWritable && !_connection.FlushOutput())
        {
            // A peer that asks without reading the responses is not asked for more.
            _phase = Http1Phase.Backlogged;
            Arm();
            Pause();
            _ = ResumeAsync(Waiting.For(_connection.WhenWritableAsync()), RoomWasMade);
        }
    }

    private void OnRoomMade()
    {
        if (_phase == Http1Phase.Backlogged)
        {
            _phase = Http1Phase.Idle;
            Continue();
        }
    }

    /// <summary>The request is over and the connection goes on. A context that others may hold is not used again, not even by this connection.</summary>
    private void GoToNextHead(HttpContext context)
    {
        if (context.IsShared)
        {
            EndRequest();
        }
        else
        {
            ReturnBody(context);
            context.Reset();
        }

        _phase = Http1Phase.Idle;
    }

    private void Switch(HttpContext context, string protocol, ConnectionProtocol successor)
    {
        string lines = string.Create(CultureInfo.InvariantCulture, $"Connection: Upgrade\r\nUpgrade: {protocol}\r\n");
        context.Response.WriteSwitch(Encoding.Latin1.GetBytes(lines));
        _phase = Http1Phase.Switched;
        EndRequest();
        _connection.ClearDeadline();
        _connection.SwitchProtocol(successor);
    }

    /// <summary>The response cannot be what it promised: its connection ends, so that the peer sees it.</summary>
    private void EndBroken()
    {
        if (_connection.IsOpen)
        {
            _connection.Abort(CloseReason.HandlerFailed);
        }

        End();
    }

    /// <summary>Refuses a request that is wrong before its handler has seen it, and closes.</summary>
    private void Reject(HttpRejection rejection, CloseReason reason)
    {
        HttpContext context = _context!;
        HttpRefusal? refusal = _application.CountRefusal(_connection, rejection);
        if (!context.Response.HasStarted)
        {
            int status = StatusLines.Of(rejection);
            context.Response.Begin(_connection, this, Loop.Environment, isHead: false, isHttp10: false, keepAlive: false);
            context.Response.Restart(status);
            context.Response.SetError(refusal, StatusLines.Text(status));
            context.Response.Complete(out _);
        }

        _connection.Close(reason);
        End();
    }
}
