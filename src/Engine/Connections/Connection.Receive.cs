using System.Buffers;

namespace Engine;

/// <summary>The pump: the one caller of a protocol's <see cref="ConnectionProtocol.OnReceived"/>.</summary>
public sealed partial class Connection
{
    private byte[]? _remainder;
    private int _remainderLength;
    private ConnectionProtocol? _successor;
    private bool _inPump;
    private bool _receivePaused;
    private bool _resumeOwed;
    private bool _peerClosed;
    private bool _peerClosedOwed;
    private bool _resumedInPump;
    private bool _stopTold;
    private int _lingerBytes;

    /// <summary>Whether receiving is paused. Loop only.</summary>
    public bool IsReceivePaused => _receivePaused;

    /// <summary>Whether the peer has sent FIN. Loop only.</summary>
    public bool IsPeerClosed => _peerClosed;

    /// <summary>
    /// No more <see cref="ConnectionProtocol.OnReceived"/> until <see cref="ResumeReceive"/>: unread bytes wait here, then in the kernel, then at the
    /// peer, which is slowed by TCP. Loop only.
    /// </summary>
    public void PauseReceive()
    {
        CheckLoop();
        if (_receivePaused)
        {
            return;
        }

        _receivePaused = true;
        _resumeOwed = false;
        if (State < ConnectionState.Lingering)
        {
            _transport.PauseReceive();
        }
    }

    /// <summary>Bytes that were kept are offered again, though not from within this call; then reading goes on. Loop only.</summary>
    public void ResumeReceive()
    {
        CheckLoop();
        if (!_receivePaused)
        {
            return;
        }

        _receivePaused = false;
        if (State >= ConnectionState.Releasing)
        {
            return;
        }

        if (!_inPump)
        {
            _resumeOwed = true;
            AskForTurnEnd();
        }
        else
        {
            // What the protocol leaves is offered again after it returns.
            _resumedInPump = true;
            _resumeOwed = false;
            _transport.ResumeReceive();
        }
    }

    void ITransportSink.OnReceived(Span<byte> bytes)
    {
        _loop.Counters.CountReceived(bytes.Length);
        if (State != ConnectionState.Open)
        {
            DiscardReceived(bytes.Length);
            return;
        }

        if (_remainderLength == 0 && !_receivePaused)
        {
            int consumed = Pump(bytes);
            Keep(bytes[consumed..]);
        }
        else
        {
            Keep(bytes);
            if (!_receivePaused)
            {
                PumpRemainder();
            }
        }

        EndPump();
    }

    void ITransportSink.OnPeerClosed()
    {
        if (_peerClosed)
        {
            return;
        }

        _peerClosed = true;
        switch (State)
        {
            case ConnectionState.Open when HasMoreToOffer:
                _peerClosedOwed = true;
                break;
            case ConnectionState.Open:
                RaisePeerClosed();
                break;
            case ConnectionState.Closing:
            case ConnectionState.Lingering:
                AskForTurnEnd();
                break;
        }
    }

    /// <summary>Whether bytes that came before whatever comes now still wait to be offered.</summary>
    private bool HasMoreToOffer => _successor is not null || (_remainderLength > 0 && (_receivePaused || _resumeOwed));

    private void RaisePeerClosed()
    {
        _peerClosedOwed = false;
        try
        {
            Protocol.OnPeerClosed(this);
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }

    /// <summary>Offers bytes to the protocol, and what it leaves to its successors. Answers how many were consumed.</summary>
    private int Pump(Span<byte> bytes)
    {
        int total = 0;
        _inPump = true;
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
                if (bytes.IsEmpty || _receivePaused || State != ConnectionState.Open)
                {
                    break;
                }
            }
        }
        catch (Exception exception)
        {
            Fault(exception);
        }

        _inPump = false;
        return total;
    }

    /// <summary>
    /// Gives the connection to the protocol that was switched to, and to that one's successor if it switches at once. What its predecessor was told, and what holds
    /// for good, it is told too: the server's stop, and, behind the bytes that are left, the peer's FIN.
    /// </summary>
    private void StartSuccessor()
    {
        while (_successor is { } next)
        {
            _successor = null;
            Protocol = next;
            next.OnStarted(this);
            if (_stopTold && IsOpen)
            {
                next.OnStopping(this);
            }
        }

        if (_peerClosed && State == ConnectionState.Open)
        {
            _peerClosedOwed = true;
            AskForTurnEnd();
        }
    }

    private void PumpRemainder()
    {
        // The array is taken out while it is read, so that nothing that happens meanwhile can return it.
        byte[] remainder = _remainder!;
        int length = _remainderLength;
        int consumed = Pump(remainder.AsSpan(0, length));
        if (consumed < length && State == ConnectionState.Open)
        {
            // A head that arrives byte by byte is offered again and again: nothing is moved then, or it would cost the square of its length.
            if (consumed > 0)
            {
                remainder.AsSpan(consumed, length - consumed).CopyTo(remainder);
                _remainderLength = length - consumed;
            }

            return;
        }

        ReturnRemainder();
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || State != ConnectionState.Open)
        {
            return;
        }

        int needed = _remainderLength + bytes.Length;
        if (_remainder is null || _remainder.Length < needed)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 256));
            _remainder.AsSpan(0, _remainderLength).CopyTo(larger);
            if (_remainder is null)
            {
                _loop.Counters.CountRemainder(1);
            }
            else
            {
                ArrayPool<byte>.Shared.Return(_remainder);
            }

            _remainder = larger;
        }

        bytes.CopyTo(_remainder.AsSpan(_remainderLength));
        _remainderLength = needed;
    }

    private void ReturnRemainder()
    {
        if (_remainder is { } remainder)
        {
            _remainder = null;
            _remainderLength = 0;
            _loop.Counters.CountRemainder(-1);
            ArrayPool<byte>.Shared.Return(remainder);
        }
    }

    /// <summary>At the turn's end: what ResumeReceive and SwitchProtocol owe when they were called outside the pump.</summary>
    private void ResumePump()
    {
        if ((!_resumeOwed && _successor is null && !_peerClosedOwed) || State != ConnectionState.Open)
        {
            return;
        }

        bool resumed = _resumeOwed;
        bool switched = _successor is not null;
        _resumeOwed = false;
        if (switched)
        {
            _inPump = true;
            try
            {
                StartSuccessor();
            }
            catch (Exception exception)
            {
                Fault(exception);
            }

            _inPump = false;
        }

        if (_remainderLength > 0 && !_receivePaused && State == ConnectionState.Open)
        {
            PumpRemainder();
        }

        if (resumed && !_receivePaused)
        {
            _transport.ResumeReceive();
        }

        if (_resumedInPump)
        {
            _resumedInPump = false;
            if (_remainderLength > 0 && !_receivePaused && State == ConnectionState.Open)
            {
                _resumeOwed = true;
                AskForTurnEnd();
            }
        }

        if (_peerClosedOwed && !HasMoreToOffer && State == ConnectionState.Open)
        {
            RaisePeerClosed();
        }
    }

    /// <summary>After an event of the transport: what was written leaves at once, unless the turn's end will see to it anyway.</summary>
    private void EndPump()
    {
        if (_resumedInPump)
        {
            _resumedInPump = false;
            if (_remainderLength > 0 && !_receivePaused && State == ConnectionState.Open)
            {
                _resumeOwed = true;
                AskForTurnEnd();
            }
        }

        if (_turnEndAsked)
        {
            return;
        }

        if (!_queue.IsEmpty && !_isHeld)
        {
            Flush();
        }

        if ((!_queue.IsEmpty && !_isHeld) || _drainOwed != 0 || _firstWaiter is not null || State != ConnectionState.Open)
        {
            AskForTurnEnd();
        }
    }

    private void DiscardReceived(int count)
    {
        _lingerBytes += count;
        if (_lingerBytes > _host.Options.MaxLingerBytes)
        {
            Abort(CloseReason);
        }
    }
}
