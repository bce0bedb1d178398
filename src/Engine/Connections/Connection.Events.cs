namespace Engine;

/// <summary>
/// What the transport and the loop raise about a connection, and the order of what ends a turn. Everything here runs on the loop.
/// </summary>
public sealed partial class Connection
{
    private bool _isTurnEndAsked;

    void ITransportSink.OnEstablished()
    {
        if (State == ConnectionState.Open && Protocol is EstablishingProtocol establishing)
        {
            _deadlines.EngineAt = 0;
            StartProtocol(establishing.CreateProtocol);
        }
    }

    void ITransportSink.OnReceived(Span<byte> bytes)
    {
        _loop.Counters.CountReceived(bytes.Length);
        if (_extras is { } extras)
        {
            extras.ReceivedBytes += bytes.Length;
        }

        if (!IsReceiving)
        {
            DiscardReceived(bytes.Length);
            return;
        }

        Offer(bytes);
        OfferAgain();
        EndEvent();
    }

    void ITransportSink.OnPeerClosed()
    {
        if (!_life.PeerEnded())
        {
            return;
        }

        if (!IsReceiving)
        {
            AskForTurnEnd();
        }
        else if (HasMoreToOffer)
        {
            _pump |= PumpState.PeerEndOwed;
        }
        else
        {
            RaisePeerClosed();
        }
    }

    void ITransportSink.OnFlushed(int takenBytes)
    {
        Took(takenBytes);
        _flush.Freed(_queue.IsEmpty);
        AskForTurnEnd();
    }

    void ITransportSink.OnFailed(TransportFailure error)
    {
        _life.AskClose(error switch
        {
            TransportFailure.Reset => CloseReason.PeerReset,
            TransportFailure.TimedOut => CloseReason.WriteTimeout,
            TransportFailure.Malformed => CloseReason.ProtocolError,
            _ => CloseReason.TransportError,
        });
        Release(abortive: true);
    }

    void ITransportSink.OnReleased() => End();

    void ILoopMember.OnDue()
    {
        PassedDeadlines passed = _deadlines.TakePassed(NowMilliseconds);
        if ((passed & PassedDeadlines.Engine) != 0)
        {
            OnEngineDeadline();
        }

        if ((passed & PassedDeadlines.Protocol) != 0)
        {
            if (IsReceiving)
            {
                RaiseDeadline();
            }
            else
            {
                Release(abortive: true);
            }
        }

        if (State < ConnectionState.Releasing)
        {
            Arm(_deadlines.Earliest);
        }
    }

    /// <summary>
    /// The end of a turn in which something asked for it. The order is a promise: each step may owe something to a later one, never to an earlier one of the same
    /// pass (what does, asks for another pass). Cost of a pass with nothing to do: seven compares and one read of the state a step.
    /// </summary>
    void ILoopMember.OnTurnEnd()
    {
        _isTurnEndAsked = false;
        if (State >= ConnectionState.Releasing)
        {
            return;
        }

        // 1. What other threads sent stands behind what the loop has written so far. One exchange when there is something, and a copy a message.
        AdoptForeignSends();

        // 2. A successor starts, bytes that were kept are offered again, the peer's end is told behind them. Host code.
        ResumePump();

        // 3. Everything written up to here leaves by one system call, unless it may wait for more.
        if (_flush != FlushState.Held || State != ConnectionState.Open)
        {
            Flush();
        }

        // 4. The room that is left goes to those who wait, first come, first served: a copy and a system call a slice. Who waited goes on elsewhere.
        ServeWaiters();

        // 5. What is left now is the peer's backlog. One interlocked addition when it changed.
        CountBacklog();

        // 6. Only now is it true that the queue is low and nobody waits. Host code.
        RaiseDrained();

        // 7. When nothing is left to leave, the end goes on.
        if (State != ConnectionState.Open)
        {
            ProgressClose();
        }
    }

    /// <summary>After an event of the transport, or the last message of a turn: what was written leaves at once, unless the turn's end will see to it anyway.</summary>
    private void EndEvent()
    {
        if (_isTurnEndAsked)
        {
            return;
        }

        if (_flush == FlushState.Due)
        {
            Flush();
        }

        if (_flush > FlushState.Held || _budget.IsDrainOwed || !_waiters.IsEmpty || State != ConnectionState.Open)
        {
            AskForTurnEnd();
        }
    }

    private void AskForTurnEnd()
    {
        if (!_isTurnEndAsked)
        {
            _isTurnEndAsked = true;
            _loop.RequestTurnEnd(this);
        }
    }

    /// <summary>While the protocol is being called with bytes, the end of the event sees to it.</summary>
    private void AskForTurnEndUnlessPumping()
    {
        if ((_pump & PumpState.Running) == 0)
        {
            AskForTurnEnd();
        }
    }
}
