namespace Engine;

/// <summary>The pump: the one caller of a protocol's <see cref="ConnectionProtocol.OnReceived"/>.</summary>
public sealed partial class Connection
{
    private ConnectionProtocol? _successor;
    private Remainder _remainder;
    private PumpState _pump;
    private int _discardedBytes;

    /// <summary>Whether receiving is paused. Loop only.</summary>
    public bool IsReceivePaused => (_pump & PumpState.Paused) != 0;

    /// <summary>Whether the peer has sent FIN. Loop only.</summary>
    public bool IsPeerClosed => _life.IsPeerEnded;

    /// <summary>Whether bytes that came before whatever comes now still wait to be offered.</summary>
    private bool HasMoreToOffer => _successor is not null || (!_remainder.IsEmpty && (_pump & (PumpState.Paused | PumpState.ResumeOwed)) != 0);

    /// <summary>Whether received bytes go to the protocol.</summary>
    private bool IsReceiving => State <= ConnectionState.SendClosed;

    /// <summary>Whether kept bytes can be offered now.</summary>
    private bool CanOfferRemainder => !_remainder.IsEmpty && !IsReceivePaused && IsReceiving;

    /// <summary>
    /// No more <see cref="ConnectionProtocol.OnReceived"/> until <see cref="ResumeReceive"/>: unread bytes wait here, then in the kernel, then at the
    /// peer, which is slowed by TCP. Loop only.
    /// </summary>
    public void PauseReceive()
    {
        CheckLoop();
        if (IsReceivePaused)
        {
            return;
        }

        _pump = (_pump | PumpState.Paused) & ~PumpState.ResumeOwed;
        if (State < ConnectionState.Lingering)
        {
            _transport.PauseReceive();
        }
    }

    /// <summary>Bytes that were kept are offered again, though not from within this call; then reading goes on. Loop only.</summary>
    public void ResumeReceive()
    {
        CheckLoop();
        if (!IsReceivePaused)
        {
            return;
        }

        _pump &= ~PumpState.Paused;
        if (State >= ConnectionState.Releasing)
        {
            return;
        }

        if ((_pump & PumpState.Running) == 0)
        {
            _pump |= PumpState.ResumeOwed;
            AskForTurnEnd();
        }
        else
        {
            // What the protocol leaves is offered again after it returns.
            _pump = (_pump | PumpState.ResumedInside) & ~PumpState.ResumeOwed;
            _transport.ResumeReceive();
        }
    }

    /// <summary>Offers bytes that arrived, behind those that were kept.</summary>
    private void Offer(Span<byte> bytes)
    {
        if (_remainder.IsEmpty && !IsReceivePaused)
        {
            int consumed = Pump(bytes);
            Keep(bytes[consumed..]);
            return;
        }

        Keep(bytes);
        if (!IsReceivePaused)
        {
            PumpRemainder();
        }
    }

    /// <summary>Offers bytes to the protocol, and what it leaves to its successors. Returns how many were consumed.</summary>
    private int Pump(Span<byte> bytes)
    {
        int total = 0;
        _pump |= PumpState.Running;
        try
        {
            while (true)
            {
                int consumed = Protocol.OnReceived(this, bytes);
                if ((uint)consumed > (uint)bytes.Length)
                {
                    ThrowHelper.ConsumedTooMuch(consumed, bytes.Length);
                }

                total += consumed;
                bytes = bytes[consumed..];
                if (_successor is null)
                {
                    break;
                }

                StartSuccessor();
                if (bytes.IsEmpty || IsReceivePaused || !IsReceiving)
                {
                    break;
                }
            }
        }
        catch (Exception exception)
        {
            Fault(exception);
        }

        _pump &= ~PumpState.Running;
        return total;
    }

    /// <summary>
    /// Gives the connection to the protocol that was switched to, and to that one's successor if it switches at once. What its predecessor was told, and what holds
    /// for good, it is told too, behind the bytes that are left: the server's stop, and the peer's FIN.
    /// </summary>
    private void StartSuccessor()
    {
        while (_successor is { } next)
        {
            _successor = null;
            Protocol = next;
            next.OnStarted(this);
            if ((_pump & PumpState.StopTold) != 0)
            {
                _pump |= PumpState.StopOwed;
            }
        }

        if (IsPeerClosed && IsReceiving)
        {
            _pump |= PumpState.PeerEndOwed;
        }

        if ((_pump & (PumpState.PeerEndOwed | PumpState.StopOwed)) != 0)
        {
            AskForTurnEnd();
        }
    }

    private void PumpRemainder()
    {
        int consumed = Pump(_remainder.Bytes);
        if (consumed < _remainder.LengthBytes && IsReceiving)
        {
            _remainder.Consume(consumed);
            return;
        }

        ReturnRemainder();
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || !IsReceiving)
        {
            return;
        }

        if (!_remainder.IsRented)
        {
            _loop.Counters.CountRemainder(1);
        }

        _remainder.Keep(bytes);
    }

    private void ReturnRemainder()
    {
        if (_remainder.Return())
        {
            _loop.Counters.CountRemainder(-1);
        }
    }

    /// <summary>At the turn's end: what ResumeReceive and SwitchProtocol owe when they were called outside the pump.</summary>
    private void ResumePump()
    {
        if (((_pump & PumpState.Owed) == 0 && _successor is null) || !IsReceiving)
        {
            return;
        }

        bool isResumed = (_pump & PumpState.ResumeOwed) != 0;
        _pump &= ~PumpState.ResumeOwed;
        if (_successor is not null)
        {
            _pump |= PumpState.Running;
            try
            {
                StartSuccessor();
            }
            catch (Exception exception)
            {
                Fault(exception);
            }

            _pump &= ~PumpState.Running;
        }

        if (CanOfferRemainder)
        {
            PumpRemainder();
        }

        if (isResumed && !IsReceivePaused)
        {
            _transport.ResumeReceive();
        }

        OfferAgain();
        if ((_pump & PumpState.StopOwed) != 0 && _successor is null && IsReceiving)
        {
            Stop();
        }

        if ((_pump & PumpState.PeerEndOwed) != 0 && !HasMoreToOffer && IsReceiving)
        {
            RaisePeerClosed();
        }
    }

    /// <summary>Receiving was paused and resumed within one call: what the protocol left is offered again with the turn's end.</summary>
    private void OfferAgain()
    {
        if ((_pump & PumpState.ResumedInside) == 0)
        {
            return;
        }

        _pump &= ~PumpState.ResumedInside;
        if (CanOfferRemainder)
        {
            _pump |= PumpState.ResumeOwed;
            AskForTurnEnd();
        }
    }

    private void RaisePeerClosed()
    {
        _pump &= ~PumpState.PeerEndOwed;
        try
        {
            Protocol.OnPeerClosed(this);
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }

    private void DiscardReceived(int count)
    {
        _discardedBytes += count;
        if (_discardedBytes > _options.MaxLingerBytes)
        {
            Abort(CloseReason);
        }
    }
}
