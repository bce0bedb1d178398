namespace Engine;

/// <summary>
/// What the clock ends: the protocol's deadline and timers, and the engine's own deadlines. The loop's wheel knows one time a connection, the earliest of them;
/// the others are found when that one comes.
/// </summary>
public sealed partial class Connection : ILoopTimerOwner
{
    /// <summary>Progress of a peer is looked at so many times within a timeout: one that is gone is noticed after five quarters of it at the latest.</summary>
    private const int ProgressChecks = 4;

    private LoopTimer? _firstTimer;
    private long _protocolDue;
    private long _engineDue;
    private long _closeDue;
    private long _armedDue;
    private long _acknowledged;

    /// <summary>
    /// Sets the protocol's single deadline to now + <paramref name="dueIn"/>; <see cref="ConnectionProtocol.OnDeadline"/> is raised up to 64 ms later than
    /// that. <see cref="Timeout.InfiniteTimeSpan"/> clears it. Has no effect once the connection has ended. Loop only. Costs O(1) and allocates nothing.
    /// </summary>
    public void SetDeadline(TimeSpan dueIn)
    {
        CheckLoop();
        if (State == ConnectionState.Closed)
        {
            return;
        }

        _protocolDue = dueIn == Timeout.InfiniteTimeSpan ? 0 : _loop.DueAfter(dueIn);
        ArmDeadline(_protocolDue);
    }

    /// <summary>Cancels the protocol's deadline. Loop only.</summary>
    public void ClearDeadline()
    {
        CheckLoop();
        _protocolDue = 0;
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
        var timer = new LoopTimer(_loop, this, onDue, state) { NextOfOwner = _firstTimer };
        _firstTimer = timer;
        return timer;
    }

    bool ILoopTimerOwner.IsEnded => State == ConnectionState.Closed;

    void ILoopMember.OnDue()
    {
        _armedDue = 0;
        long now = NowMilliseconds;
        if (_engineDue != 0 && _engineDue <= now)
        {
            _engineDue = 0;
            OnEngineDue();
        }

        if (_protocolDue != 0 && _protocolDue <= now)
        {
            _protocolDue = 0;
            if (IsOpen)
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
        }

        if (_closeDue != 0 && _closeDue <= now)
        {
            Release(abortive: true);
        }

        if (State < ConnectionState.Releasing)
        {
            ArmDeadline(_protocolDue);
            ArmDeadline(_engineDue);
            ArmDeadline(_closeDue);
        }
    }

    void ILoopTimerOwner.OnTimerFault(Exception exception) => Fault(exception);

    private void EndTimers()
    {
        for (LoopTimer? timer = _firstTimer; timer is not null; timer = timer.NextOfOwner)
        {
            timer.End();
        }

        _firstTimer = null;
    }

    /// <summary>Only an earlier deadline moves the slot's; a later one is found when the earlier fires, so that moving back and forth stays cheap.</summary>
    private void ArmDeadline(long due)
    {
        if (due != 0 && (_armedDue == 0 || due < _armedDue))
        {
            _armedDue = due;
            _loop.SetDue(Id, due);
        }
    }

    /// <summary>The engine's own deadline: a handshake that takes too long, a write without progress, or a peer that does not answer a graceful close.</summary>
    private void OnEngineDue()
    {
        switch (State)
        {
            case ConnectionState.Open when Protocol is EstablishingProtocol:
                Abort(CloseReason.Timeout);
                break;
            case ConnectionState.Open or ConnectionState.Closing when _flushPending:
                if (!HasProgressWithin(_host.Options.WriteTimeout))
                {
                    Abort(CloseReason.WriteTimeout);
                }

                break;
            case ConnectionState.Lingering:
                if (!HasProgressWithin(_host.Options.CloseTimeout))
                {
                    // The peer had its time. A plain close: what the kernel still holds for it goes on by itself, where a reset would throw it away.
                    Release(abortive: false);
                }

                break;
        }
    }

    /// <summary>From here on the peer's progress counts.</summary>
    private void MarkProgress()
    {
        _progressAt = NowMilliseconds;
        _acknowledged = _transport.GetTcpInfo().AcknowledgedBytes;
    }

    private void ArmProgressCheck(TimeSpan timeout)
    {
        _engineDue = _loop.DueAfter(timeout / ProgressChecks);
        ArmDeadline(_engineDue);
    }

    /// <summary>
    /// Whether bytes moved within the timeout; if so, it is asked again later. The kernel takes megabytes at once and tells of room only when a good part of them
    /// has left, so what counts is what the peer acknowledged, where the kernel tells. Asked at deadlines only: one system call a quarter of a timeout.
    /// </summary>
    private bool HasProgressWithin(TimeSpan timeout)
    {
        TcpInfo info = _transport.GetTcpInfo();
        if (info.IsKnown && info.AcknowledgedBytes != _acknowledged)
        {
            _acknowledged = info.AcknowledgedBytes;
            _progressAt = NowMilliseconds;
        }

        if (NowMilliseconds - _progressAt >= timeout.TotalMilliseconds)
        {
            return false;
        }

        ArmProgressCheck(timeout);
        return true;
    }
}
