using System.Net;

namespace Engine;

/// <summary>The server's end of an in-memory connection. It behaves as a socket would: bytes wait while reading is paused, a full peer stops the flush.</summary>
internal sealed class MemoryTransportConnection(MemoryPeer peer, MemoryLoop loop) : TransportConnection, ILoopMember
{
    private readonly Queue<byte[]> _unread = new();
    private bool _paused;
    private bool _finArrived;
    private bool _finRaised;
    private bool _flushOwed;
    private bool _closing;
    private bool _abortive;
    private bool _released;

    public override EventLoop Loop => loop;

    public override EndPoint? RemoteEndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 40_000);

    public override EndPoint? LocalEndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 1);

    public override void Start(ConnectionId id) => RaiseUnread();

    public override int Flush(Segment head)
    {
        int total = 0;
        for (Segment? segment = head; segment is not null && !_closing; segment = segment.Next)
        {
            int taken = peer.Take(segment.PendingSpan);
            total += taken;
            if (taken < segment.LengthBytes)
            {
                _flushOwed = true;
                break;
            }
        }

        if (total > 0)
        {
            peer.SendCount++;
        }

        return total;
    }

    public override TcpInfo GetTcpInfo() => peer.Info;

    /// <summary>Whether the server has stopped reading.</summary>
    public bool IsPaused => _paused;

    public override void PauseReceive() => _paused = true;

    public override void ResumeReceive()
    {
        _paused = false;
        loop.Raise(RaiseUnread);
    }

    public override void ShutdownSend() => peer.SawFin = true;

    public override void Close(bool abortive)
    {
        if (!_closing)
        {
            _closing = true;
            _abortive = abortive;
            loop.RequestTurnEnd(this);
        }
    }

    public void Arrive(byte[] bytes)
    {
        _unread.Enqueue(bytes);
        RaiseUnread();
    }

    public void ArriveFin()
    {
        _finArrived = true;
        RaiseUnread();
    }

    public void ArriveError(TransportFailure error)
    {
        if (!_closing)
        {
            Sink.OnFailed(error);
        }
    }

    public void ArriveRoom()
    {
        if (_flushOwed && !_closing)
        {
            _flushOwed = false;
            Sink.OnFlushed(0);
        }
    }

    void ILoopMember.OnDue()
    {
    }

    void ILoopMember.OnTurnEnd()
    {
        if (_released)
        {
            return;
        }

        _released = true;
        peer.IsClosed = true;
        peer.SawReset |= _abortive || _unread.Count > 0;
        peer.SawFin |= !_abortive;
        Sink.OnReleased();
    }

    private void RaiseUnread()
    {
        while (!_paused && !_closing && _unread.TryDequeue(out byte[]? bytes))
        {
            Sink.OnReceived(bytes);
        }

        if (_finArrived && !_finRaised && !_closing && _unread.Count == 0)
        {
            _finRaised = true;
            Sink.OnPeerClosed();
        }
    }
}
