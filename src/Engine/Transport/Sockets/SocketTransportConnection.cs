using System.Net;
using System.Net.Sockets;

namespace Engine;

/// <summary>
/// One socket of the runtime's. While it waits for bytes a zero-byte receive is under way, so that no buffer is pinned; when they are there, one read
/// takes them into the loop's scratch. Sends are tried at once; only what the kernel has no room for becomes an asynchronous operation.
/// </summary>
internal sealed partial class SocketTransportConnection : TransportConnection, ILoopMember
{
    private readonly Socket _socket;
    private readonly SocketLoop _loop;
    private readonly SocketTransport _transport;
    private PooledEventArgs? _waiting;
    private PooledEventArgs? _sending;
    private int _inFlightBytes;
    private EndPoint? _remote;
    private EndPoint? _local;
    private bool _paused;
    private bool _ended;
    private bool _failed;
    private bool _closing;
    private bool _abortive;
    private bool _disposed;
    private bool _released;
    private bool _continuePosted;

    public SocketTransportConnection(Socket socket, SocketLoop loop, SocketTransport transport)
    {
        _socket = socket;
        _loop = loop;
        _transport = transport;
    }

    public override EventLoop Loop => _loop;

    public override EndPoint? RemoteEndPoint => _remote ??= Ask(static socket => socket.RemoteEndPoint);

    public override EndPoint? LocalEndPoint => _local ??= Ask(static socket => socket.LocalEndPoint);

    public override int InFlightBytes => _inFlightBytes;

    public override TcpInfo GetTcpInfo()
    {
        if (!OperatingSystem.IsLinux() || _socket.ProtocolType != ProtocolType.Tcp)
        {
            return default;
        }

        try
        {
            Span<byte> info = stackalloc byte[TcpInfo.ReadBytes];
            return TcpInfo.Read(info[.._socket.GetRawSocketOption(TcpInfo.Level, TcpInfo.Option, info)]);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return default;
        }
    }

    public override void Discard() => _socket.Dispose();

    public override void Start(ConnectionId id)
    {
        // Asked for now, it is known also when the peer is gone; the runtime has it from the accept.
        _ = RemoteEndPoint;
        ContinueSoon();
    }

    public override void PauseReceive() => _paused = true;

    public override void ResumeReceive()
    {
        _paused = false;
        ContinueSoon();
    }

    public override void ShutdownSend()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The peer reset it meanwhile; the read that is under way reports that.
        }
    }

    public override void Close(bool abortive)
    {
        if (!_closing)
        {
            _closing = true;
            _abortive = abortive;
            _loop.RequestTurnEnd(this);
        }
    }

    void ILoopMember.OnDue()
    {
    }

    void ILoopMember.OnTurnEnd()
    {
        if (!_disposed)
        {
            _disposed = true;
            if (_abortive)
            {
                try
                {
                    _socket.LingerState = new LingerOption(enable: true, seconds: 0);
                }
                catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
                {
                    // Already reset.
                }
            }

            // Operations under way complete with an error, on the runtime's threads, and then let go of their memory.
            if (_abortive)
            {
                // Without the 0 the runtime would shut the socket down to end its waiting receive, and the peer could read a FIN before the reset.
                _socket.Close(timeout: 0);
            }
            else
            {
                _socket.Dispose();
            }
        }

        ReleaseWhenIdle();
    }

    private void ReleaseWhenIdle()
    {
        if (_disposed && _waiting is null && _sending is null && !_released)
        {
            _released = true;
            Sink.OnReleased();
        }
    }

    private void ContinueSoon()
    {
        if (!_continuePosted && _waiting is null)
        {
            _continuePosted = true;
            _loop.Post(
                static state =>
                {
                    var connection = (SocketTransportConnection)state!;
                    connection._continuePosted = false;
                    connection.Continue();
                },
                this);
        }
    }

    /// <summary>Reads what is there, then waits for more.</summary>
    private void Continue()
    {
        if (_closing || _ended || _failed || _waiting is not null)
        {
            return;
        }

        if (_paused)
        {
            // Not for the bytes, but to learn of the peer's end.
            WaitForBytes();
            return;
        }

        byte[] scratch = _loop.Scratch;
        int received = _socket.Receive(scratch, SocketFlags.None, out SocketError error);
        if (error == SocketError.Success)
        {
            if (received == 0)
            {
                _ended = true;
                Sink.OnPeerClosed();
                return;
            }

            Sink.OnReceived(scratch.AsSpan(0, received));
            if (received == scratch.Length)
            {
                // There may be more, but it is the others' turn first.
                ContinueSoon();
                return;
            }
        }
        else if (error != SocketError.WouldBlock)
        {
            Fail(error);
            return;
        }

        WaitForBytes();
    }

    private void WaitForBytes()
    {
        if (_closing || _failed || _ended || _waiting is not null)
        {
            return;
        }

        PooledEventArgs args = _transport.Args.Get();
        args.Use(this, static state => ((SocketTransportConnection)state!).OnReadable());
        args.SetBuffer(Memory<byte>.Empty);
        _waiting = args;
        try
        {
            if (!_socket.ReceiveAsync(args))
            {
                _loop.Post(static state => ((SocketTransportConnection)state!).OnReadable(), this);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            EndWait();
            FailSoon(SocketError.ConnectionReset);
        }
    }

    private void OnReadable()
    {
        SocketError error = _waiting!.SocketError;
        EndWait();
        if (_closing)
        {
            ReleaseWhenIdle();
        }
        else if (error != SocketError.Success)
        {
            Fail(error);
        }
        else if (_paused)
        {
            LookForEnd();
        }
        else
        {
            Continue();
        }
    }

    /// <summary>Something came while receiving is paused: bytes stay where they are, but a FIN that nothing precedes is told.</summary>
    private void LookForEnd()
    {
        Span<byte> one = stackalloc byte[1];
        int peeked = _socket.Receive(one, SocketFlags.Peek, out SocketError error);
        if (error == SocketError.Success && peeked == 0)
        {
            _ended = true;
            Sink.OnPeerClosed();
        }
        else if (error == SocketError.WouldBlock)
        {
            // The runtime ends a read of no bytes at any event, also at one that tells of bytes read long ago.
            WaitForBytes();
        }
        else if (error != SocketError.Success)
        {
            Fail(error);
        }
    }

    private void EndWait()
    {
        _transport.Args.Return(_waiting!);
        _waiting = null;
    }

    private void Fail(SocketError error)
    {
        if (!_failed && !_closing)
        {
            _failed = true;
            Sink.OnFailed(error switch
            {
                SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.NotConnected => TransportFailure.Reset,
                SocketError.TimedOut => TransportFailure.TimedOut,
                _ => TransportFailure.Other,
            });
        }
    }

    /// <summary>For errors met in a call downward, from which nothing may be raised.</summary>
    private void FailSoon(SocketError error)
        => _loop.Post(static state => { (SocketTransportConnection connection, SocketError code) = ((SocketTransportConnection, SocketError))state!; connection.Fail(code); }, (this, error));

    private EndPoint? Ask(Func<Socket, EndPoint?> ask)
    {
        try
        {
            return ask(_socket);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
