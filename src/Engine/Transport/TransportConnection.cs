using System.Net;

namespace Engine;

/// <summary>
/// The contract downward, pitched at bytes and not at readiness, so that readiness and completion both fit. Loop only.
/// None of these calls raises an event before it returns.
/// </summary>
internal abstract class TransportConnection
{
    private ITransportSink? _sink;

    /// <summary>Who is told. Set once before <see cref="Start"/>; a wrapper puts itself between.</summary>
    public ITransportSink Sink
    {
        get => _sink!;
        set => _sink = value;
    }

    public abstract EventLoop Loop { get; }

    public abstract EndPoint? RemoteEndPoint { get; }

    public abstract EndPoint? LocalEndPoint { get; }

    /// <summary>Bytes at the front of the flushed chain that the kernel may still be reading: they must stay where they are.</summary>
    public virtual int InFlightBytes => 0;

    /// <summary>Whether there is nothing to do before the peer's bytes; when there is, <see cref="ITransportSink.OnEstablished"/> ends it.</summary>
    public virtual bool IsEstablished => true;

    /// <summary>How long that may take, in milliseconds; whoever owns the connection's deadline ends it then.</summary>
    public virtual long EstablishMilliseconds => 0;

    /// <summary>Why it could not be established, as far as that is known; null before it failed, and once it was established.</summary>
    public virtual Exception? EstablishFailure => null;

    /// <summary>What a PROXY header announced; null without one.</summary>
    public virtual ProxyInfo? Proxy => null;

    /// <summary>What a TLS handshake agreed on; null without TLS.</summary>
    public virtual TlsInfo? Tls => null;

    /// <summary>
    /// Fills <paramref name="target"/> with a secret that only the two ends of this TLS connection know (RFC 8446 §7.5, RFC 5705). False without TLS, before the
    /// handshake is done, or where the library cannot.
    /// </summary>
    public virtual bool TryExportKeyingMaterial(string label, ReadOnlySpan<byte> context, Span<byte> target) => false;

    /// <summary>What the kernel holds for the peer and what the peer acknowledged; the default where the kernel does not tell. One system call.</summary>
    public virtual TcpInfo GetTcpInfo() => default;

    /// <summary>Closes what was never started, because its loop has ended. Any thread.</summary>
    public virtual void Discard()
    {
    }

    /// <summary>Begins to receive, under the identity that events are matched with.</summary>
    public abstract void Start(ConnectionId id);

    /// <summary>
    /// Offers a chain of segments to the kernel and answers how many bytes it took at once. When that is not all of them,
    /// the chain's front must stay until <see cref="ITransportSink.OnFlushed"/>; appending to its end is allowed meanwhile.
    /// </summary>
    public abstract int Flush(Segment head);

    /// <summary>Stops reading; the peer feels it once the kernel's buffers are full. Its FIN or reset is still reported where the kernel tells.</summary>
    public abstract void PauseReceive();

    public abstract void ResumeReceive();

    /// <summary>Sends FIN after what the kernel has taken.</summary>
    public abstract void ShutdownSend();

    /// <summary>
    /// Ends it: with a reset when <paramref name="abortive"/>, else quietly. <see cref="ITransportSink.OnReleased"/> follows, at the turn's end at the soonest.
    /// Calling it again changes nothing.
    /// </summary>
    public abstract void Close(bool abortive);
}
