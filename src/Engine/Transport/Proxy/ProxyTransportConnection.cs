using System.Buffers;
using System.Net;

namespace Engine;

/// <summary>
/// Reads the PROXY header of a trusted peer, then steps out of the way of the bytes: what it keeps are the addresses. It stands beneath TLS. Loop only.
/// </summary>
internal sealed class ProxyTransportConnection(TransportConnection inner, ProxyProtocolOptions options) : TransportConnection, ITransportSink
{
    private byte[]? _head;
    private int _headLength;
    private ProxyHeader _header;
    private ProxyInfo? _info;
    private bool _complete;
    private bool _closing;

    public override EventLoop Loop => inner.Loop;

    public override EndPoint? RemoteEndPoint => _header.Source ?? inner.RemoteEndPoint;

    public override EndPoint? LocalEndPoint => _header.Destination ?? inner.LocalEndPoint;

    public override ProxyInfo? Proxy => _complete ? _info ??= new ProxyInfo(_header.Source, _header.Destination, _header.Extensions ?? []) : null;

    public override int InFlightBytes => inner.InFlightBytes;

    public override bool IsEstablished => _complete;

    public override long EstablishMilliseconds { get; } = Math.Max((long)options.HeaderTimeout.TotalMilliseconds, 1);

    public override TcpInfo GetTcpInfo() => inner.GetTcpInfo();

    public override void Start(ConnectionId id)
    {
        inner.Sink = this;
        inner.Start(id);
    }

    public override int Flush(Segment head) => inner.Flush(head);

    public override void PauseReceive() => inner.PauseReceive();

    public override void ResumeReceive() => inner.ResumeReceive();

    public override void ShutdownSend() => inner.ShutdownSend();

    public override void Close(bool abortive)
    {
        _closing = true;
        inner.Close(abortive);
    }

    void ITransportSink.OnEstablished()
    {
    }

    void ITransportSink.OnReceived(Span<byte> bytes)
    {
        if (_closing)
        {
            return;
        }

        // Nearly always the header comes alone and whole; what comes in pieces is put together, up to its bound.
        int alreadyKept = _headLength;
        Span<byte> offered = alreadyKept == 0 ? bytes : Keep(bytes);
        switch (ProxyHeader.Parse(offered, options.MaxHeaderBytes, out ProxyHeader header, out int consumed))
        {
            case ProxyHeaderStatus.Complete:
                Establish(header, bytes[(consumed - alreadyKept)..]);
                break;
            case ProxyHeaderStatus.Malformed:
                ReturnHead();
                _closing = true;
                Sink.OnFailed(TransportFailure.Malformed);
                break;
            default:
                if (alreadyKept == 0)
                {
                    Keep(bytes);
                }

                break;
        }
    }

    void ITransportSink.OnFlushed(int takenBytes) => Sink.OnFlushed(takenBytes);

    void ITransportSink.OnPeerClosed() => Sink.OnPeerClosed();

    void ITransportSink.OnFailed(TransportFailure error) => Sink.OnFailed(error);

    void ITransportSink.OnReleased()
    {
        ReturnHead();
        Sink.OnReleased();
    }

    private void Establish(ProxyHeader header, Span<byte> rest)
    {
        ReturnHead();
        _header = header;
        _complete = true;

        // From here on events go straight to whoever is above.
        inner.Sink = Sink;
        Sink.OnEstablished();
        if (!rest.IsEmpty)
        {
            Sink.OnReceived(rest);
        }
    }

    /// <summary>Bounded by the parser: it wants no more bytes than a header has, and one read brings at most a loop's buffer.</summary>
    private Span<byte> Keep(ReadOnlySpan<byte> bytes)
    {
        int needed = _headLength + bytes.Length;
        if (_head is null || _head.Length < needed)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 256));
            _head.AsSpan(0, _headLength).CopyTo(larger);
            int length = _headLength;
            ReturnHead();
            _head = larger;
            _headLength = length;
            Loop.Counters.CountRemainder(1);
        }

        bytes.CopyTo(_head.AsSpan(_headLength));
        _headLength = needed;
        return _head.AsSpan(0, needed);
    }

    private void ReturnHead()
    {
        if (_head is { } head)
        {
            _head = null;
            _headLength = 0;
            Loop.Counters.CountRemainder(-1);
            ArrayPool<byte>.Shared.Return(head);
        }
    }
}
