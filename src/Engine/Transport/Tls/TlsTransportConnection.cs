using System.Net;

namespace Engine;

/// <summary>
/// TLS between a connection and its transport, by the same contract on both sides, so that nothing above has a second path. Loop only.
/// <code>
///   inner OnReceived -> Decrypt -> OnReceived                         inside one event, on the loop
///   Flush -> TryEncrypt -> Ciphertext -> inner Flush                  inside one call
/// </code>
/// What both libraries share stands here; a subclass is one library. Plain bytes leave the connection's queue as the kernel takes the records they
/// became, so the queue's figures, drains and write deadline are as true as without TLS.
/// </summary>
internal abstract partial class TlsTransportConnection(TransportConnection inner, long handshakeMilliseconds) : TransportConnection, ITransportSink, ILoopMember
{
    private TlsPhase _phase;
    private bool _innerEnded;

    public override EventLoop Loop => Inner.Loop;

    public override EndPoint? RemoteEndPoint => Inner.RemoteEndPoint;

    public override EndPoint? LocalEndPoint => Inner.LocalEndPoint;

    public override bool IsEstablished => Info is not null;

    public override long EstablishMilliseconds => Inner.EstablishMilliseconds + handshakeMilliseconds;

    public override Exception? EstablishFailure => HandshakeFailure ?? Inner.EstablishFailure;

    public override ProxyInfo? Proxy => Inner.Proxy;

    public override TlsInfo? Tls => Info;

    /// <summary>Records that are owed to the transport beneath.</summary>
    public OutboundQueue Ciphertext { get; } = new(inner.Loop.Segments, trackMessages: false);

    protected TransportConnection Inner { get; } = inner;

    protected TlsInfo? Info { get; private set; }

    /// <summary>Why the handshake failed, where the library says so.</summary>
    protected Exception? HandshakeFailure { get; set; }

    protected TlsPhase Phase => _phase;

    /// <summary>Whether the transport beneath has seen the peer's FIN.</summary>
    protected bool IsInnerEnded => _innerEnded;

    public override TcpInfo GetTcpInfo() => Inner.GetTcpInfo();

    public override void Start(ConnectionId id)
    {
        Inner.Sink = this;
        Inner.Start(id);
        Begin();
    }

    public override void Close(bool abortive)
    {
        if (_phase >= TlsPhase.Closing)
        {
            return;
        }

        if (!abortive)
        {
            NotifyClose();
            Push();
        }

        // After a failure the peer is told why by an alert, which a reset might overtake.
        bool failed = _phase == TlsPhase.Failed;
        _phase = TlsPhase.Closing;
        Inner.Close(abortive && !failed);
    }

    void ITransportSink.OnEstablished()
    {
        // The wrapper beneath has read its header; the handshake follows.
    }

    void ITransportSink.OnReceived(Span<byte> bytes)
    {
        if (_phase < TlsPhase.Failed)
        {
            Decrypt(bytes);
        }
    }

    void ITransportSink.OnPeerClosed()
    {
        _innerEnded = true;
        if (_phase < TlsPhase.Closing)
        {
            EndCiphertext();
        }
    }

    void ITransportSink.OnFailed(TransportFailure error)
    {
        if (_phase < TlsPhase.Failed)
        {
            _phase = TlsPhase.Failed;
            Sink.OnFailed(error);
        }
    }

    void ITransportSink.OnReleased()
    {
        _phase = TlsPhase.Released;
        ForgetInFlight();
        Free();
        Ciphertext.Clear();
        Sink.OnReleased();
    }

    void ILoopMember.OnDue()
    {
    }

    /// <summary>The transport beneath has started: the handshake may begin.</summary>
    protected abstract void Begin();

    /// <summary>Takes bytes that arrived; what they hold is raised before it returns.</summary>
    protected abstract void Decrypt(Span<byte> bytes);

    /// <summary>No more bytes will arrive. Raises the peer's end, or the failure that a cut is.</summary>
    protected abstract void EndCiphertext();

    /// <summary>Appends one record, or several, to <see cref="Ciphertext"/>. Returns false if the library refuses.</summary>
    protected abstract bool TryEncrypt(ReadOnlyMemory<byte> plain);

    /// <summary>Appends the close_notify alert to <see cref="Ciphertext"/>. Not called before the handshake is done, nor twice.</summary>
    protected abstract void AppendCloseNotify();

    /// <summary>Gives back what the library holds. Called once, last.</summary>
    protected abstract void Free();

    /// <summary>The handshake is done.</summary>
    protected void Establish(TlsInfo info)
    {
        _phase = TlsPhase.Open;
        Info = info;
        Sink.OnEstablished();
    }

    /// <summary>Pushes the alert that tells the peer why, then raises the failure, posted since a call downward may have met it.</summary>
    protected void Fail()
    {
        if (_phase >= TlsPhase.Failed)
        {
            return;
        }

        Push();
        _phase = TlsPhase.Failed;
        Loop.Post(static state => ((TlsTransportConnection)state!).RaiseFailure(), this);
    }

    private void RaiseFailure()
    {
        if (_phase != TlsPhase.Failed)
        {
            return;
        }

        if (!_innerEnded)
        {
            Sink.OnFailed(TransportFailure.Other);
        }
        else if (IsEstablished)
        {
            Sink.OnFailed(TransportFailure.Reset);
        }
        else
        {
            Sink.OnPeerClosed();
        }
    }
}
