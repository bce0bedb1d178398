namespace Engine;

/// <summary>What the clock ends: the protocol's deadline and timers, and the engine's own deadlines.</summary>
public sealed partial class Connection : ILoopTimerOwner
{
    /// <summary>Progress of a peer is looked at so many times within a timeout: one that is gone is noticed after five quarters of it at the latest.</summary>
    private const int ProgressChecks = 4;

    private ConnectionDeadlines _deadlines;

    /// <summary>
    /// Sets the protocol's single deadline to now + <paramref name="dueIn"/>; <see cref="ConnectionProtocol.OnDeadline"/> is raised up to 64 ms later than
    /// that. <see cref="Timeout.InfiniteTimeSpan"/> clears it. Has no effect once the connection closes. Loop only. Costs O(1) and allocates nothing.
    /// </summary>
    public void SetDeadline(TimeSpan dueIn)
    {
        CheckLoop();
        if (!IsReceiving)
        {
            return;
        }

        _deadlines.ProtocolAt = dueIn == Timeout.InfiniteTimeSpan ? 0 : _loop.DueAfter(dueIn);
        Arm(_deadlines.ProtocolAt);
    }

    /// <summary>Cancels the protocol's deadline. Loop only.</summary>
    public void ClearDeadline()
    {
        CheckLoop();
        if (IsReceiving)
        {
            _deadlines.ProtocolAt = 0;
        }
    }

    /// <summary>
    /// Makes a timer of this connection, not yet set; a connection may have several. It never fires once the connection has ended. Loop only.
    /// Allocates the timer; setting and moving it allocates nothing.
    /// </summary>
    /// <param name="onDue">Called on the loop. An exception ends the connection, as one from a protocol's callback does.</param>
    /// <param name="state">Handed to <paramref name="onDue"/>.</param>
    public LoopTimer CreateTimer(Action<object?> onDue, object? state)
    {
        ArgumentNullException.ThrowIfNull(onDue);
        CheckLoop();
        ConnectionExtras extras = Extras;
        var timer = new LoopTimer(_loop, this, onDue, state) { NextOfOwner = extras.FirstTimer };
        extras.FirstTimer = timer;
        return timer;
    }

    bool ILoopTimerOwner.IsEnded => State == ConnectionState.Closed;

    void ILoopTimerOwner.OnTimerFault(Exception exception) => Fault(exception);

    private void EndTimers()
    {
        for (LoopTimer? timer = _extras?.FirstTimer; timer is not null; timer = timer.NextOfOwner)
        {
            timer.End();
        }

        if (_extras is { } extras)
        {
            extras.FirstTimer = null;
        }
    }

    private void Arm(long at)
    {
        if (_deadlines.TryArm(at))
        {
            _loop.SetDue(Id, at);
        }
    }

    private void SetEngineDeadline(TimeSpan dueIn)
    {
        _deadlines.EngineAt = _loop.DueAfter(dueIn);
        Arm(_deadlines.EngineAt);
    }

    private void RaiseDeadline()
    {
        try
        {
            Protocol.OnDeadline(this);
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }

    /// <summary>The engine's own deadline: a handshake that takes too long, a write without progress, or a peer that does not answer a graceful close.</summary>
    private void OnEngineDeadline()
    {
        switch (State)
        {
            case ConnectionState.Open when Protocol is EstablishingProtocol:
                Abort(CloseReason.Timeout);
                break;
            case ConnectionState.Open or ConnectionState.SendClosed or ConnectionState.Closing when _flush == FlushState.Blocked:
                if (!HasProgressWithin(_options.WriteTimeout))
                {
                    Abort(CloseReason.WriteTimeout);
                }

                break;
            case ConnectionState.Lingering:
                if (!HasProgressWithin(_options.CloseTimeout))
                {
                    // The peer had its time. A plain close: what the kernel still holds for it goes on by itself, where a reset would throw it away.
                    Release(abortive: false);
                }

                break;
        }
    }

    /// <summary>From here on the peer has to take bytes within each such timeout.</summary>
    private void BeginProgress(TimeSpan timeout)
    {
        _progress.Begin(NowMilliseconds, _transport.GetTcpInfo());
        SetEngineDeadline(timeout / ProgressChecks);
    }

    /// <summary>Whether the peer took bytes within the timeout; if so, it is asked again later. One system call a quarter of a timeout.</summary>
    private bool HasProgressWithin(TimeSpan timeout)
    {
        if (!_progress.IsWithin(timeout, NowMilliseconds, _transport.GetTcpInfo()))
        {
            return false;
        }

        SetEngineDeadline(timeout / ProgressChecks);
        return true;
    }
}
