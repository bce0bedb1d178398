using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks.Sources;

namespace Engine;

/// <summary>
/// TLS between a connection and its transport, by the same contract on both sides, so that nothing above has a second path. Loop only.
/// <code>
///   inner OnReceived -> CiphertextStream -> SslStream -> OnReceived     inside one event, on the loop
///   Flush -> SslStream -> CiphertextStream.Written -> inner Flush       inside one call
/// </code>
/// An idle connection waits in a read of zero bytes, which holds no buffer. Plain bytes leave the connection's queue as the kernel takes the records they
/// became, so the queue's figures, drains and write deadline are as true as without TLS.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "OnReleased, which every connection comes to, disposes them.")]
internal sealed partial class TlsTransportConnection : TransportConnection, ITransportSink, ILoopMember, IValueTaskSource
{
    private readonly TransportConnection _inner;
    private readonly TlsContext _context;
    private readonly CiphertextStream _stream;
    private readonly SslStream _ssl;
    private ManualResetValueTaskSourceCore<bool> _wake;
    private TlsInfo? _info;
    private bool _waitsForWake;
    private bool _paused;
    private bool _innerEnded;
    private bool _failed;
    private bool _closing;

    public TlsTransportConnection(TransportConnection inner, TlsContext context)
    {
        _inner = inner;
        _context = context;
        _stream = new CiphertextStream(this, inner.Loop);
        _ssl = new SslStream(_stream, leaveInnerStreamOpen: true);
    }

    public override EventLoop Loop => _inner.Loop;

    public override EndPoint? RemoteEndPoint => _inner.RemoteEndPoint;

    public override EndPoint? LocalEndPoint => _inner.LocalEndPoint;

    public override bool IsEstablished => _info is not null;

    public override long EstablishMilliseconds => _inner.EstablishMilliseconds + _context.HandshakeMilliseconds;

    public override TlsInfo? Tls => _info;

    /// <summary>Whether everything has been given back: nothing may be rented any more.</summary>
    public bool IsReleased { get; private set; }

    public override void Start(ConnectionId id)
    {
        _inner.Sink = this;
        _inner.Start(id);
        _ = RunAsync();
    }

    /// <summary>
    /// The transport beneath goes on until the next bytes: they may be the peer's close_notify, behind which its FIN would not be seen. Those bytes are held.
    /// </summary>
    public override void PauseReceive() => _paused = true;

    public override void ResumeReceive()
    {
        _paused = false;
        Loop.Post(static state => ((TlsTransportConnection)state!).Resume(), this);
    }

    public override void Close(bool abortive)
    {
        if (_closing)
        {
            return;
        }

        if (!abortive)
        {
            NotifyClose();
            Push();
        }

        // After a failure the peer is told why by an alert, which a reset might overtake.
        _closing = true;
        _inner.Close(abortive && !_failed);
    }

    void ITransportSink.OnEstablished()
    {
        // The wrapper beneath has read its header; the handshake follows.
    }

    void ITransportSink.OnReceived(Span<byte> bytes)
    {
        if (_paused)
        {
            _inner.PauseReceive();
        }

        if (!_closing && !_failed)
        {
            _stream.Feed(bytes);
        }
    }

    void ITransportSink.OnPeerClosed()
    {
        _innerEnded = true;
        _stream.End();
        Wake();
    }

    void ITransportSink.OnFailed(TransportFailure error)
    {
        if (!_failed)
        {
            _failed = true;
            Sink.OnFailed(error);
        }
    }

    void ITransportSink.OnReleased()
    {
        _closing = true;
        IsReleased = true;
        _inFlightBytes = 0;
        _stream.Release();
        Wake();
        _ssl.Dispose();
        Sink.OnReleased();
    }

    void ILoopMember.OnDue()
    {
    }

    void IValueTaskSource.GetResult(short token) => _wake.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wake.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _wake.OnCompleted(continuation, state, token, flags);

    /// <summary>The connection's life: the handshake, then one record after the other. It goes on inside the event that brings the bytes.</summary>
    private async Task RunAsync()
    {
        byte[]? buffer = null;
        try
        {
            await _context.AuthenticateAsync(_ssl).ConfigureAwait(false);
            await new LoopSwitch(Loop);
            if (!_closing && !_failed)
            {
                Establish();
            }

            while (!_closing && !_failed)
            {
                // Waits for plain bytes without a buffer.
                await _ssl.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                await new LoopSwitch(Loop);

                // A FIN is looked for even while paused; bytes that come before it are then held until receiving goes on.
                while (_paused && !_innerEnded && !_closing)
                {
                    await WhenWokenAsync().ConfigureAwait(false);
                }

                if (_closing)
                {
                    break;
                }

                buffer = ArrayPool<byte>.Shared.Rent(MaxRecordBytes);
                int count = await _ssl.ReadAsync(buffer.AsMemory()).ConfigureAwait(false);
                await new LoopSwitch(Loop);
                while (_paused && count > 0 && !_closing)
                {
                    await WhenWokenAsync().ConfigureAwait(false);
                }

                if (_closing || _failed)
                {
                    break;
                }

                if (count == 0)
                {
                    Sink.OnPeerClosed();
                    break;
                }

                Sink.OnReceived(buffer.AsSpan(0, count));
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = null;
            }
        }
        catch (Exception)
        {
            // Whatever it was (a bad record, no common cipher, a certificate refused, a function of the host's that threw): the connection cannot go on.
            await new LoopSwitch(Loop);
            Fail();
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private void Establish()
    {
        string hostName = _ssl.TargetHostName;
        _info = new TlsInfo(
            _ssl.SslProtocol,
            _ssl.NegotiatedCipherSuite,
            hostName.Length == 0 ? null : hostName,
            _ssl.NegotiatedApplicationProtocol,
            _ssl.RemoteCertificate as X509Certificate2);
        Sink.OnEstablished();
    }

    private ValueTask WhenWokenAsync()
    {
        _wake.Reset();
        _waitsForWake = true;
        return new ValueTask(this, _wake.Version);
    }

    private void Wake()
    {
        if (_waitsForWake)
        {
            _waitsForWake = false;
            _wake.SetResult(true);
        }
    }

    private void Resume()
    {
        if (_paused || _closing)
        {
            return;
        }

        Wake();
        if (!_paused && !_closing)
        {
            _inner.ResumeReceive();
        }
    }

    /// <summary>Pushes the alert that tells the peer why, then raises the failure, posted since a call downward may have met it.</summary>
    private void Fail()
    {
        if (_closing || _failed)
        {
            return;
        }

        Push();
        _failed = true;
        Loop.Post(
            static state =>
            {
                var connection = (TlsTransportConnection)state!;
                if (connection._closing)
                {
                    return;
                }

                if (!connection._innerEnded)
                {
                    connection.Sink.OnFailed(TransportFailure.Other);
                }
                else if (connection.IsEstablished)
                {
                    connection.Sink.OnFailed(TransportFailure.Reset);
                }
                else
                {
                    connection.Sink.OnPeerClosed();
                }
            },
            this);
    }
}
