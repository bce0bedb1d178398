namespace Engine;

/// <summary>The end: Close and Abort only move the state; the loop finishes what is under way, then announces the end once.</summary>
public sealed partial class Connection
{
    /// <summary>
    /// Ends the connection gracefully: from now on sends return <see cref="SendStatus.Closed"/>; what was accepted goes out, then FIN. Then the peer has
    /// <see cref="ConnectionOptions.CloseTimeout"/>, from when it last took bytes, to send its own. Any thread; idempotent, the first reason wins.
    /// </summary>
    public void Close(CloseReason reason = CloseReason.Completed)
    {
        if (_life.AskClose(reason))
        {
            AnnounceClose();
        }
    }

    /// <summary>
    /// Closes this side only: from now on sends return <see cref="SendStatus.Closed"/>; what was accepted goes out, then FIN. The peer may go on sending, and
    /// <see cref="ConnectionProtocol.OnReceived"/> goes on, until <see cref="ConnectionProtocol.OnPeerClosed"/>. Nothing limits how long that takes: set a
    /// deadline. Any thread; idempotent.
    /// </summary>
    public void CloseSend()
    {
        if (_life.AskSendClose())
        {
            AnnounceClose();
        }
    }

    /// <summary>Ends the connection with a reset; what is queued is lost. Any thread; idempotent. It also cuts a graceful close short.</summary>
    public void Abort(CloseReason reason = CloseReason.Aborted)
    {
        _life.AskReset(reason);
        AnnounceClose();
    }

    /// <summary>Whether everything that was accepted has been handed to the kernel, also what other threads have counted and what is still on its way here.</summary>
    private bool IsEverythingSent => _queue.IsEmpty && _waiters.IsEmpty && _budget.AcceptedBytes == 0 && _budget.UndecidedBytes == 0;

    private void AnnounceClose()
    {
        if (!IsOnLoop)
        {
            SignalLoop();
        }
        else if (State < ConnectionState.Releasing)
        {
            AskForTurnEnd();
        }
    }

    /// <summary>At the turn's end, while the connection is not open.</summary>
    private void ProgressClose()
    {
        switch (_life.Next(IsEverythingSent))
        {
            case CloseStep.SendFin when State == ConnectionState.SendClosed:
                SendFin();
                break;
            case CloseStep.SendFin:
                BeginLinger();
                break;
            case CloseStep.Release:
                Release(abortive: false);
                break;
            case CloseStep.Reset:
                Release(abortive: true);
                break;
        }

        if (State is ConnectionState.Closing or ConnectionState.Lingering && (_pump & PumpState.Over) == 0)
        {
            // The protocol is heard no longer, so its deadline becomes the close's.
            _pump |= PumpState.Over;
            _deadlines.ProtocolAt = _options.MaxCloseTime > TimeSpan.Zero ? _loop.DueAfter(_options.MaxCloseTime) : 0;
            Arm(_deadlines.ProtocolAt);
        }
    }

    private void BeginLinger()
    {
        SendFin();
        _deadlines.EngineAt = 0;
        if (_options.CloseTimeout >= TimeSpan.Zero)
        {
            BeginProgress(_options.CloseTimeout);
        }

        ReturnRemainder();

        // Reading must go on, or the peer's FIN would never be seen; what comes before it is thrown away.
        if ((_pump & (PumpState.Paused | PumpState.ResumeOwed)) != 0)
        {
            _pump &= ~PumpState.Paused;
            _transport.ResumeReceive();
        }
    }

    private void SendFin()
    {
        if (!_life.IsFinSent)
        {
            _transport.ShutdownSend();
        }

        _life.FinSent();
    }

    private void Release(bool abortive)
    {
        if (_life.TryRelease())
        {
            _transport.Close(abortive);
        }
    }

    /// <summary>The transport has let go: everything is given back, then the end is announced.</summary>
    private void End()
    {
        _life.AskClose(CloseReason.TransportError);
        if (State == ConnectionState.Closed)
        {
            return;
        }

        _queue.Clear();
        CountBacklog();
        ReturnRemainder();
        _life.TryEnd();
        DiscardForeignSends();
        _budget.ReleaseAll();
        EndTimers();
        _loop.Unregister(Id);
        _loop.Counters.CountClosed();
        ConnectionProtocol protocol = Protocol;
        Protocol = NullProtocol.Instance;
        _successor = null;
        try
        {
            protocol.OnClosed(this, CloseReason);
        }
        catch (Exception exception)
        {
            _host.OnFault(this, exception);
        }

        try
        {
            if (Volatile.Read(ref _extras) is { } extras)
            {
                Volatile.Read(ref extras.ClosedSource)?.Cancel();
            }
        }
        catch (Exception exception)
        {
            _host.OnFault(this, exception);
        }

        _host.OnClosed(this);
    }
}
