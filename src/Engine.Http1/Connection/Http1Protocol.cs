namespace Engine.Http1;

/// <summary>
/// HTTP/1.1 over one connection (RFC 9112): reads heads, feeds bodies, runs handlers one after another and sends their answers in order. Between two
/// requests it holds nothing but itself. Loop only, but where a handler runs elsewhere.
/// </summary>
internal sealed partial class Http1Protocol : ConnectionProtocol
{
    private readonly HttpApplication _application;
    private readonly Connection _connection;
    private HttpContext? _context;
    private uint _contextLease;
    private int _requestCount;
    private long _bodyBegunAt;
    private Phase _phase;
    private bool _isStopping;
    private bool _isPeerDone;
    private bool _isPaused;

    public Http1Protocol(HttpApplication application, Connection connection)
    {
        _application = application;
        _connection = connection;
    }

    /// <summary>
    /// <code>
    ///   Head --complete--> Handling --handler done--> (Completing --room-->) (Draining --body's end-->) Head
    ///     \---- rejected, closed, upgraded ----> Done
    /// </code>
    /// </summary>
    private enum Phase : byte
    {
        /// <summary>Between requests, or within a head (then a context holds what was parsed).</summary>
        Head = 0,

        /// <summary>A handler runs; its body may still be arriving.</summary>
        Handling,

        /// <summary>The handler is done; the end of its response waits for room in the queue. What still comes of the body is thrown away.</summary>
        Completing,

        /// <summary>The answer is out, what the handler left of the body is thrown away.</summary>
        Draining,

        /// <summary>Nothing more is read.</summary>
        Done,
    }

    private HttpLimits Limits => _application.Limits;

    private HttpLoop Loop => _application.Loop(_connection.Id.LoopIndex);

    protected override void OnStarted(Connection connection) => connection.SetDeadline(Limits.RequestHeadersTimeout);

    protected override int OnReceived(Connection connection, Span<byte> bytes)
    {
        int total = 0;
        while (true)
        {
            switch (_phase)
            {
                case Phase.Head:
                    if (total == bytes.Length)
                    {
                        GoIdle();
                        return total;
                    }

                    int length = TakeHead(bytes[total..]);
                    if (length <= 0)
                    {
                        return length == 0 ? total : bytes.Length;
                    }

                    total += length;
                    total += Begin(bytes[total..]);
                    break;
                case Phase.Handling or Phase.Completing or Phase.Draining:
                    int taken = FeedBody(bytes[total..]);
                    total += taken;
                    if (_phase is Phase.Handling or Phase.Completing)
                    {
                        if (_context!.Request.BodyPipe is not { IsComplete: false })
                        {
                            // What follows is the next request, which waits for this one's answer.
                            Pause();
                        }

                        return total;
                    }

                    if (_phase is Phase.Draining)
                    {
                        return total;
                    }

                    break;
                default:
                    // A successor takes the rest; after a close nobody does.
                    return connection.IsOpen && !_isUpgraded ? bytes.Length : total;
            }
        }
    }

    protected override void OnPeerClosed(Connection connection)
    {
        _isPeerDone = true;
        if (_phase == Phase.Completing)
        {
            // What was accepted still goes out; then the connection closes.
            _context!.Response.KeepAlive = false;
            return;
        }

        if (_phase != Phase.Handling)
        {
            EndRequest();
            connection.Close(CloseReason.PeerClosed);
            return;
        }

        // The peer may still read: what it asked for is answered, unless it cannot be asked for completely any more or nobody would listen.
        HttpContext context = _context!;
        context.Response.KeepAlive = false;
        context.Request.BodyPipe?.Fail("The peer ended the connection within the body.");
        if (context.Response.Stream is { } stream)
        {
            stream.End();
            connection.Close(CloseReason.PeerClosed);
        }
    }

    protected override void OnDrained(Connection connection)
    {
        if (_phase == Phase.Handling)
        {
            _context!.Response.Stream?.RaiseDrained();
        }
    }

    protected override void OnDeadline(Connection connection)
    {
        switch (_phase)
        {
            case Phase.Head when _context is { } context && context.Request.Head.HasBegun:
                Reject(HttpRejection.RequestTimeout, CloseReason.Timeout);
                break;
            case Phase.Head:
                connection.Close(CloseReason.Timeout);
                break;
            case Phase.Handling when _context!.Response.Stream is { } stream:
                stream.RaiseTimer();
                break;
            case Phase.Handling or Phase.Completing or Phase.Draining:
                JudgeBodyRate();
                break;
        }
    }

    protected override void OnStopping(Connection connection)
    {
        _isStopping = true;
        if (_phase == Phase.Completing)
        {
            _context!.Response.KeepAlive = false;
            return;
        }

        if (_phase != Phase.Handling)
        {
            EndRequest();
            connection.Close(CloseReason.ServerStopping);
            return;
        }

        _context!.Response.KeepAlive = false;
        _context.Response.Stream?.RequestEnd();
    }

    protected override void OnClosed(Connection connection, CloseReason reason)
    {
        if (_phase == Phase.Handling)
        {
            // The handler still runs: it is told, and gives the context back when it is done.
            _context!.Request.BodyPipe?.Fail("The connection has ended.");
            _context.Response.Stream?.End();
        }
        else
        {
            // A continuation that still waits for room finds this phase, and does nothing.
            _phase = Phase.Done;
            EndRequest();
        }
    }

    /// <summary>Answers the head's length when it is complete and acceptable, 0 when more is needed, -1 when it was rejected.</summary>
    private int TakeHead(ReadOnlySpan<byte> bytes)
    {
        HttpContext context = _context ??= Loop.RentContext(out _contextLease);
        bool hadBegun = context.Request.Head.HasBegun;
        if (context.Request.Head.TryParse(bytes, Limits, out HttpRejection rejection))
        {
            int length = context.Request.Head.LengthBytes;
            return context.Request.Attach(bytes[..length]) ? length : Refuse(HttpRejection.BadRequest);
        }

        if (rejection != HttpRejection.None)
        {
            return Refuse(rejection);
        }

        if (!hadBegun && _requestCount > 0)
        {
            _connection.SetDeadline(Limits.RequestHeadersTimeout);
        }

        return 0;
    }

    private int Refuse(HttpRejection rejection)
    {
        Reject(rejection, CloseReason.ProtocolError);
        return -1;
    }

    /// <summary>Nothing is under way: the context goes back, and the idle clock runs.</summary>
    private void GoIdle()
    {
        EndRequest();
        if (_requestCount > 0)
        {
            _connection.SetDeadline(Limits.KeepAliveTimeout);
        }
    }

    /// <summary>Gives back what the request held.</summary>
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

    private void Pause()
    {
        if (!_isPaused)
        {
            _isPaused = true;
            _connection.PauseReceive();
        }
    }

    private void Resume()
    {
        if (_isPaused)
        {
            _isPaused = false;
            _connection.ResumeReceive();
        }
    }
}
