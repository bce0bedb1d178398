using System.Net;
using System.Net.Sockets;

namespace Engine;

/// <summary>
/// One descriptor, watched edge triggered. A read that fills less than the loop's buffer has emptied the kernel's, so it is the last until the next
/// edge; a send that the kernel takes only in part is continued at the edge that says there is room.
/// </summary>
internal unsafe class EpollTransportConnection(int descriptor, PeerAddress peer, EpollLoop loop) : TransportConnection, ILoopMember
{
    private int _descriptor = descriptor;
    private ConnectionId _id;
    private EndPoint? _remote;
    private EndPoint? _local;
    private int _error;
    private bool _connects;
    private bool _paused;
    private bool _waitsForRoom;
    private bool _isReadable;
    private bool _endSignalled;
    private bool _readsToEnd;
    private bool _ended;
    private bool _failed;
    private bool _closing;
    private bool _abortive;
    private bool _wasReset;
    private bool _againAsked;

    public override EventLoop Loop => loop;

    public override bool IsEstablished => !_connects;

    /// <summary>Its connect is under way, until the kernel's first word about the descriptor.</summary>
    protected void BeginConnect() => _connects = true;

    /// <summary>The connect has failed, with this error of the kernel's.</summary>
    protected virtual void OnConnectFailed(int error)
    {
    }

    public override EndPoint? RemoteEndPoint => _remote ??= peer.IsKnown ? peer.ToEndPoint() : Ask(static socket => socket.RemoteEndPoint);

    public override EndPoint? LocalEndPoint => _local ??= Ask(static socket => socket.LocalEndPoint);

    /// <summary>What an event must carry to be meant for this connection and not for one that had its slot before.</summary>
    public uint Generation => _id.Generation;

    public override TcpInfo GetTcpInfo() => Libc.GetTcpInfo(_descriptor);

    public override void Discard() => _ = Libc.Close(_descriptor);

    public override void Start(ConnectionId id)
    {
        _id = id;
        if (!peer.IsKnown && IsEstablished)
        {
            // Asked for now, it is known also when the peer is gone.
            _ = RemoteEndPoint;
        }

        if (!loop.Add(this, _descriptor, id))
        {
            FailSoon(loop.Errno);
        }
    }

    public override int Flush(Segment head)
    {
        int taken = 0;
        Segment? segment = head;
        while (segment is not null && !_closing && !_failed && _error == 0)
        {
            int offered;
            nint sent;
            if (segment.Next is null)
            {
                offered = segment.LengthBytes;
                fixed (byte* bytes = segment.PendingSpan)
                {
                    sent = Libc.Send(_descriptor, bytes, offered, Libc.DoNotSignal);
                }

                segment = null;
            }
            else
            {
                offered = loop.Gather.Fill(segment, out Libc.MessageHeader message, out segment);
                sent = Libc.SendMessage(_descriptor, &message, Libc.DoNotSignal);
            }

            int error = sent < 0 ? loop.Errno : 0;
            loop.Gather.Release();
            taken += (int)Math.Max(sent, 0);
            if (sent < offered)
            {
                if (sent < 0 && error is not (Libc.Again or Libc.Interrupted or Libc.NoBuffers))
                {
                    FailSoon(error);
                }
                else
                {
                    WaitForRoom(sent < 0 ? error : Libc.Again);
                }

                break;
            }
        }

        return taken;
    }

    public override void PauseReceive() => _paused = true;

    public override void ResumeReceive()
    {
        _paused = false;
        if (_isReadable)
        {
            ReadAgain();
        }
    }

    public override void ShutdownSend()
    {
        if (_descriptor >= 0)
        {
            _ = Libc.Shutdown(_descriptor, Libc.ShutdownWrite);
        }
    }

    public override void Close(bool abortive)
    {
        if (!_closing)
        {
            _closing = true;
            _abortive = abortive;
            loop.RequestTurnEnd(this);
        }
    }

    /// <summary>The kernel says that something changed.</summary>
    public void OnEvent(uint flags)
    {
        if (_closing || _failed || (_connects && !TryEstablish()))
        {
            return;
        }

        if ((flags & EpollEvents.Out) != 0 && _waitsForRoom)
        {
            _waitsForRoom = false;
            Sink.OnFlushed(0);
        }

        if ((flags & ~EpollEvents.Out) == 0 || _closing)
        {
            return;
        }

        _isReadable = true;

        // A read ends before an urgent byte (RFC 6093), though more lies behind it: it goes on until the kernel has no more.
        _readsToEnd |= (flags & EpollEvents.Urgent) != 0;
        _endSignalled |= (flags & (EpollEvents.PeerShutdown | EpollEvents.HangUp | EpollEvents.Error)) != 0;
        if (!_paused && !_ended)
        {
            Receive();
        }
        else if ((flags & EpollEvents.Error) != 0)
        {
            Fail(Libc.TakeSocketError(_descriptor));
        }
        else if (_endSignalled && !_ended)
        {
            LookForEnd();
        }
    }

    /// <summary>The turn that <see cref="EpollLoop.ReadAgain"/> promised.</summary>
    public void OnAgain()
    {
        _againAsked = false;
        if (!_paused && !_closing && !_failed && !_ended)
        {
            Receive();
        }
    }

    void ILoopMember.OnDue()
    {
    }

    void ILoopMember.OnTurnEnd()
    {
        if (_error != 0 && !_closing)
        {
            Fail(_error);
        }

        if (!_closing || _descriptor < 0)
        {
            return;
        }

        if (_abortive && !_wasReset)
        {
            Libc.ResetOnClose(_descriptor);
        }

        // The one place that closes it. Events of this turn are behind us; the kernel forgets the rest with the descriptor.
        _ = Libc.Close(_descriptor);
        _descriptor = -1;
        loop.Remove(_id);
        Sink.OnReleased();
    }

    /// <summary>The connect is over, well or not.</summary>
    private bool TryEstablish()
    {
        int error = Libc.TakeSocketError(_descriptor);
        if (error != 0)
        {
            OnConnectFailed(error);
            Fail(error);
            return false;
        }

        _connects = false;
        _ = RemoteEndPoint;
        Sink.OnEstablished();
        return !_closing;
    }

    private void Receive()
    {
        while (true)
        {
            nint received = Libc.Receive(_descriptor, loop.Scratch, EpollLoop.ScratchBytes, 0);
            if (received > 0)
            {
                bool mayHaveMore = received == EpollLoop.ScratchBytes || _endSignalled || _readsToEnd;
                _isReadable = mayHaveMore;
                Sink.OnReceived(new Span<byte>(loop.Scratch, (int)received));
                if (_paused && _endSignalled && !_closing)
                {
                    // There will be no other edge for it.
                    LookForEnd();
                    return;
                }

                if (!mayHaveMore || _paused || _closing)
                {
                    return;
                }

                if (received == EpollLoop.ScratchBytes)
                {
                    // There may be more, but it is the others' turn first.
                    ReadAgain();
                    return;
                }
            }
            else if (received == 0)
            {
                _ended = true;
                Sink.OnPeerClosed();
                return;
            }
            else
            {
                int error = loop.Errno;
                if (error == Libc.Again)
                {
                    _isReadable = false;
                    _readsToEnd = false;
                    return;
                }

                if (error != Libc.Interrupted)
                {
                    Fail(error);
                    return;
                }
            }
        }
    }

    /// <summary>The peer is done while receiving is paused: bytes stay where they are, but a FIN that nothing precedes is told.</summary>
    private void LookForEnd()
    {
        byte one;
        nint peeked = Libc.Receive(_descriptor, &one, 1, Libc.Peek);
        int error = peeked < 0 ? loop.Errno : 0;
        if (peeked == 0)
        {
            _ended = true;
            Sink.OnPeerClosed();
        }
        else if (peeked < 0 && error is not (Libc.Again or Libc.Interrupted))
        {
            Fail(error);
        }
    }

    private void ReadAgain()
    {
        if (!_againAsked)
        {
            _againAsked = true;
            loop.ReadAgain(this);
        }
    }

    private void WaitForRoom(int error)
    {
        _waitsForRoom = true;
        if (error != Libc.Again)
        {
            // The kernel promised no edge for this one: try again soon.
            loop.Schedule(() => OnEvent(EpollEvents.Out), 10);
        }
    }

    private void Fail(int error)
    {
        if (_failed || _closing)
        {
            return;
        }

        _failed = true;
        _wasReset = error == Libc.ConnectionReset;
        Sink.OnFailed(error switch
        {
            Libc.ConnectionReset or Libc.BrokenPipe or Libc.ConnectionAborted or Libc.NotConnected or 0 => TransportFailure.Reset,
            Libc.TimedOut or Libc.HostUnreachable => TransportFailure.TimedOut,
            _ => TransportFailure.Other,
        });
    }

    /// <summary>For errors met in a call downward, from which nothing may be raised.</summary>
    private void FailSoon(int error)
    {
        if (_error == 0)
        {
            _error = error == 0 ? Libc.ConnectionReset : error;
            loop.RequestTurnEnd(this);
        }
    }

    /// <summary>
    /// The runtime knows how to read every kind of address; it does not own the descriptor meanwhile. On another thread the loop could close the descriptor
    /// at any time, and its number would then name another connection.
    /// </summary>
    private EndPoint? Ask(Func<Socket, EndPoint?> ask)
    {
        if (_descriptor < 0 || !loop.IsCurrent)
        {
            return null;
        }

        try
        {
            using var socket = new Socket(new SafeSocketHandle(_descriptor, ownsHandle: false));
            return ask(socket);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
