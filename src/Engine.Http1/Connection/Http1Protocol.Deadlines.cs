namespace Engine.Http1;

/// <summary>
/// The clocks of a request. Each has an owner that alone sets and clears it: the head's (here), the handler's (here), the body's rate
/// (<see cref="RequestBody.DueAt"/>) and the stream's timer (<see cref="ResponseStream.DueAt"/>). The connection's one deadline is the earliest of them.
/// </summary>
internal sealed partial class Http1Protocol
{
    /// <summary>When a head, or the idle time before it, has taken too long; 0 while neither is waited for.</summary>
    private long _headDue;

    /// <summary>When the handler has taken longer than its route allows; 0 when it may take any time.</summary>
    private long _handlerDue;

    void IResponseOwner.OnStreamTimerSet() => Arm();

    protected override void OnDeadline(Connection connection)
    {
        long now = connection.NowMilliseconds;
        if (IsDue(_headDue, now))
        {
            _headDue = 0;
            OnHeadDue();
        }

        if (IsDue(_handlerDue, now))
        {
            _handlerDue = 0;
            OnHandlerDue();
        }

        if (_context is { } context)
        {
            if (context.Request.BodyPipe is { IsComplete: false } body && IsDue(body.DueAt, now))
            {
                JudgeBodyRate(body, now);
            }

            if (_phase == Http1Phase.Handling && context.Response.Stream is { } stream && IsDue(stream.DueAt, now))
            {
                stream.RaiseTimer();
            }
        }

        if (connection.IsOpen)
        {
            Arm();
        }
    }

    private static bool IsDue(long due, long now) => due != 0 && due <= now;

    private static long Sooner(long one, long other) => one == 0 ? other : other == 0 ? one : Math.Min(one, other);

    private void OnHeadDue()
    {
        switch (_phase)
        {
            case Http1Phase.Head when _context!.Request.Head.HasBegun:
                Reject(HttpRejection.RequestTimeout, CloseReason.Timeout);
                break;
            case Http1Phase.Idle or Http1Phase.Head:
                _connection.Close(CloseReason.Timeout);
                End();
                break;
        }
    }

    private void OnHandlerDue()
    {
        if (_phase == Http1Phase.Handling)
        {
            _context!.IsTimedOut = true;
            Abort(_context);
        }
    }

    private void SetHeadDue(TimeSpan dueIn)
    {
        _headDue = _connection.NowMilliseconds + Math.Max((long)dueIn.TotalMilliseconds, 1);
        _connection.SetDeadline(dueIn);
    }

    /// <summary>Sets the connection's deadline to the earliest of all.</summary>
    private void Arm()
    {
        long due = Sooner(_headDue, _handlerDue);
        if (_context is { } context)
        {
            due = Sooner(due, context.Request.BodyPipe?.DueAt ?? 0);
            due = Sooner(due, context.Response.Stream?.DueAt ?? 0);
        }

        if (due == 0)
        {
            _connection.ClearDeadline();
        }
        else
        {
            _connection.SetDeadline(TimeSpan.FromMilliseconds(due - _connection.NowMilliseconds));
        }
    }
}
