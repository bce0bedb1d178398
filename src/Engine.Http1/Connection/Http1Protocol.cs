namespace Engine.Http1;

/// <summary>
/// HTTP/1.1 over one connection (RFC 9112): reads heads, feeds bodies, runs handlers one after another and sends their responses in order. Between two
/// requests it holds nothing but itself. Loop only, except where a handler runs elsewhere. Here are the events of the connection, each by phase.
/// </summary>
internal sealed partial class Http1Protocol : ConnectionProtocol, IResponseOwner
{
    private readonly HttpApplication _application;
    private readonly Connection _connection;

    /// <summary>The request under way. Null while idle, and once it has ended.</summary>
    private HttpContext? _context;
    private uint _contextLease;
    private int _requestCount;
    private Http1Phase _phase;

    /// <summary>Why the connection ends after the current response, when that is known before the response is; else None.</summary>
    private CloseReason _endsWith;

    public Http1Protocol(HttpApplication application, Connection connection)
    {
        _application = application;
        _connection = connection;
    }

    private HttpLimits Limits => _application.Limits;

    private HttpLoop Loop => _application.Loop(_connection.Id.LoopIndex);

    protected override void OnStarted(Connection connection) => SetHeadDue(Limits.RequestHeadersTimeout);

    protected override int OnReceived(Connection connection, Span<byte> bytes)
    {
        int total = 0;
        while (total < bytes.Length)
        {
            int taken = _phase switch
            {
                Http1Phase.Idle or Http1Phase.Head => TakeHead(bytes[total..]),
                Http1Phase.Handling or Http1Phase.Completing or Http1Phase.Draining => FeedBody(bytes[total..]),

                // After a close nobody takes what still comes. A successor takes what is left.
                Http1Phase.Done => bytes.Length - total,
                _ => 0,
            };
            total += taken;
            if (taken == 0)
            {
                break;
            }
        }

        switch (_phase)
        {
            case Http1Phase.Idle:
                GoIdle();
                break;
            case Http1Phase.Handling or Http1Phase.Completing when total < bytes.Length:
                // What follows is the next request, which waits for this one's response. Without such bytes reading goes on, so that the peer's end is seen.
                Pause();
                break;
        }

        return total;
    }

    protected override void OnPeerClosed(Connection connection)
    {
        switch (_phase)
        {
            case Http1Phase.Handling:
                // The peer may still read: what it asked for is sent, unless the request is incomplete or the response is a stream that nobody reads.
                HttpContext context = _context!;
                EndAfterResponse(CloseReason.PeerClosed);
                context.Request.BodyPipe?.Fail(new RequestBodyException("The peer ended the connection within the body."));
                if (context.Response.Stream is { } stream)
                {
                    stream.End();
                    connection.Close(CloseReason.PeerClosed);
                }

                if (!_application.ServesHalfClosedPeers)
                {
                    Abort(context);
                }

                break;
            case Http1Phase.Completing:
                EndAfterResponse(CloseReason.PeerClosed);
                break;
            default:
                connection.Close(CloseReason.PeerClosed);
                End();
                break;
        }
    }

    protected override void OnStopping(Connection connection)
    {
        switch (_phase)
        {
            case Http1Phase.Handling or Http1Phase.Completing:
                EndAfterResponse(CloseReason.ServerStopping);
                _context!.Response.AskEnd();
                break;
            default:
                connection.Close(CloseReason.ServerStopping);
                End();
                break;
        }
    }

    protected override void OnDrained(Connection connection)
    {
        if (_phase == Http1Phase.Handling)
        {
            _context!.Response.Stream?.RaiseDrained();
        }
    }

    protected override void OnClosed(Connection connection, CloseReason reason)
    {
        if (_phase == Http1Phase.Handling)
        {
            // The handler still runs and holds the context: it is told, and the request ends when it is done.
            HttpContext context = _context!;
            context.Request.BodyPipe?.Fail(new RequestBodyException("The connection has ended."));
            context.Response.Stream?.End();
            Abort(context);
        }
        else
        {
            End();
        }
    }

    /// <summary>The connection goes on to its end after the current response.</summary>
    private void EndAfterResponse(CloseReason reason)
    {
        _endsWith = reason;
        _context!.Response.KeepAlive = false;
    }

    private void Abort(HttpContext context)
    {
        try
        {
            context.Abort(_application.Scheduling);
        }
        catch (AggregateException exception)
        {
            // A callback that the host registered on RequestAborted.
            _application.Report(exception, context);
        }
    }

    /// <summary>
    /// The one way back to the loop: when <paramref name="waited"/> has completed, <paramref name="step"/> runs there as work of its own, never within another
    /// callback. By then the connection may have moved on, so each step asks for the phase that it continues.
    /// </summary>
    /// <param name="waited">What is waited for.</param>
    /// <param name="step">Gets this protocol.</param>
    /// <param name="context">Takes the failure of <paramref name="waited"/>, when that is a handler's task.</param>
    private async Task ResumeAsync(ValueTask waited, Action<object?> step, HttpContext? context = null)
    {
        try
        {
            // With the loop as its context: leaving it would cost a hop through the thread pool.
            await waited;
        }
        catch (Exception exception)
        {
            context?.Failure = exception;
        }

        _connection.Post(step, this);
    }

    /// <summary>After a step that ran outside of the pump: what was kept is offered again, or the idle clock runs.</summary>
    private void Continue()
    {
        if (_phase == Http1Phase.Idle && _connection.IsOpen)
        {
            GoIdle();
        }

        if (_phase is not (Http1Phase.Completing or Http1Phase.Backlogged))
        {
            Resume();
        }

        _connection.FlushOutput();
    }

    /// <summary>Nothing is under way: the context goes back, and the idle clock runs.</summary>
    private void GoIdle()
    {
        EndRequest();
        if (_requestCount > 0)
        {
            SetHeadDue(Limits.KeepAliveTimeout);
        }
    }

    /// <summary>Nothing more is read, and what the request held goes back.</summary>
    private void End()
    {
        _phase = _phase == Http1Phase.Switched ? Http1Phase.Switched : Http1Phase.Done;
        EndRequest();
    }

    /// <summary>Gives back what the request held. Whatever still runs for it finds another phase.</summary>
    private void EndRequest()
    {
        if (_context is { } context)
        {
            _context = null;
            ReturnBody(context);
            if (!Loop.TryReturn(context, _contextLease))
            {
                _application.EndAfterDoubleReturn(_connection, "context");
            }
        }
    }

    private void Pause()
    {
        if (!_connection.IsReceivePaused)
        {
            _connection.PauseReceive();
        }
    }

    private void Resume()
    {
        if (_connection.IsReceivePaused)
        {
            _connection.ResumeReceive();
        }
    }
}
