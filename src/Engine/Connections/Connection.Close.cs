namespace Engine;

/// <summary>The end: Close and Abort only move the state; the loop finishes what is under way, then announces the end once.</summary>
public sealed partial class Connection
{
    private bool _abortAsked;

    /// <summary>
    /// Ends the connection gracefully: from now on sends return <see cref="SendStatus.Closed"/>; what was accepted goes out, then FIN. Then the peer has
    /// <see cref="ConnectionOptions.CloseTimeout"/>, from when it last took bytes, to send its own. Any thread; idempotent, the first reason wins.
    /// </summary>
    public void Close(CloseReason reason = CloseReason.Completed)
    {
        if (BeginClose(reason))
        {
            AnnounceClose();
        }
    }

    /// <summary>Ends the connection with a reset; what is queued is lost. Any thread; idempotent. It also cuts a graceful close short.</summary>
    public void Abort(CloseReason reason = CloseReason.Aborted)
    {
        BeginClose(reason);
        Volatile.Write(ref _abortAsked, true);
        AnnounceClose();
    }

    void ITransportSink.OnFailed(TransportFailure error)
    {
        BeginClose(error switch
        {
            TransportFailure.Reset => CloseReason.PeerReset,
            TransportFailure.TimedOut => CloseReason.WriteTimeout,
            TransportFailure.Malformed => CloseReason.ProtocolError,
            _ => CloseReason.TransportError,
        });
        Release(abortive: true);
    }

    void ITransportSink.OnReleased()
    {
        if (State == ConnectionState.Closed)
        {
            return;
        }

        BeginClose(CloseReason.TransportError);
        _queue.Clear();
        CountBacklog();
        ReturnRemainder();
        Volatile.Write(ref _state, (int)ConnectionState.Closed);
        DiscardForeignSends();
        Interlocked.Exchange(ref _bufferedBytes, 0);
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
            TellFault(exception);
        }

        try
        {
            Volatile.Read(ref _closedSource)?.Cancel();
        }
        catch (Exception exception)
        {
            TellFault(exception);
        }

        _host.OnClosed(this);
    }

    private bool BeginClose(CloseReason reason)
    {
        if (Interlocked.CompareExchange(ref _reason, (int)reason, (int)CloseReason.None) != (int)CloseReason.None)
        {
            return false;
        }

        Interlocked.CompareExchange(ref _state, (int)ConnectionState.Closing, (int)ConnectionState.Open);
        return true;
    }

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
        if (Volatile.Read(ref _abortAsked))
        {
            Release(abortive: true);
            return;
        }

        if (State == ConnectionState.Closing)
        {
            if (_closeDue == 0 && _host.Options.MaxCloseTime > TimeSpan.Zero)
            {
                _closeDue = _loop.DueAfter(_host.Options.MaxCloseTime);
                ArmDeadline(_closeDue);
            }

            // What other threads have counted is accepted, though it may still be on its way here: FIN goes behind it.
            if (!_queue.IsEmpty || _firstWaiter is not null || BufferedBytes != 0 || Volatile.Read(ref _foreignMakingRoomBytes) != 0)
            {
                return;
            }

            if (!_peerClosed)
            {
                BeginLinger();
                return;
            }
        }

        if (_peerClosed)
        {
            Release(abortive: false);
        }
    }

    private void BeginLinger()
    {
        Volatile.Write(ref _state, (int)ConnectionState.Lingering);
        _engineDue = 0;
        if (_host.Options.CloseTimeout >= TimeSpan.Zero)
        {
            MarkProgress();
            ArmProgressCheck(_host.Options.CloseTimeout);
        }

        ReturnRemainder();
        _transport.ShutdownSend();

        // Reading must go on, or the peer's FIN would never be seen; what comes before it is thrown away.
        if (_receivePaused || _resumeOwed)
        {
            _receivePaused = false;
            _transport.ResumeReceive();
        }
    }

    private void Release(bool abortive)
    {
        if (State >= ConnectionState.Releasing)
        {
            return;
        }

        Volatile.Write(ref _state, (int)ConnectionState.Releasing);
        _transport.Close(abortive);
    }
}
