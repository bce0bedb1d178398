using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks.Sources;

namespace Engine;

/// <summary>
/// TLS by <see cref="SslStream"/>, on every operating system. It reads and writes a <see cref="CiphertextStream"/> whose calls complete on the loop.
/// An idle connection waits in a read of zero bytes, which holds no buffer.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Free, which every connection comes to, disposes them.")]
internal sealed class SslStreamConnection : TlsTransportConnection, IValueTaskSource
{
    private readonly Func<SslStream, Task> _authenticate;
    private readonly Func<Stream, Task>? _prelude;
    private readonly CiphertextStream _stream;
    private readonly SslStream _ssl;
    private ManualResetValueTaskSourceCore<bool> _wake;
    private bool _waitsForWake;
    private bool _paused;
    private bool _isRunning;
    private bool _isFreed;

    /// <param name="inner">What is secured.</param>
    /// <param name="authenticate">Shakes hands, as a server or as a client. It completes on the loop, unless a function of the host's leaves it.</param>
    /// <param name="handshakeMilliseconds">How long that may take.</param>
    /// <param name="prelude">What is said in plain before: a proxy is asked for its tunnel.</param>
    public SslStreamConnection(TransportConnection inner, Func<SslStream, Task> authenticate, long handshakeMilliseconds, Func<Stream, Task>? prelude = null)
        : base(inner, handshakeMilliseconds)
    {
        _authenticate = authenticate;
        _prelude = prelude;
        _stream = new CiphertextStream(this, inner.Loop);
        _ssl = new SslStream(_stream, leaveInnerStreamOpen: true);
    }

    private bool IsOver => Phase >= TlsPhase.Failed;

    /// <summary>
    /// The transport beneath goes on until the next bytes: they may be the peer's close_notify, behind which its FIN would not be seen. Those bytes are held.
    /// </summary>
    public override void PauseReceive() => _paused = true;

    public override void ResumeReceive()
    {
        _paused = false;
        Loop.Post(static state => ((SslStreamConnection)state!).Resume(), this);
    }

    /// <summary>SslStream wrote ciphertext. Loop only.</summary>
    public void Append(ReadOnlySpan<byte> ciphertext)
    {
        if (Phase != TlsPhase.Released)
        {
            Ciphertext.Append(ciphertext);
            OnCiphertextAppended();
        }
    }

    void IValueTaskSource.GetResult(short token) => _wake.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wake.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _wake.OnCompleted(continuation, state, token, flags);

    protected override void Begin()
    {
        _isRunning = true;
        _ = RunAsync();
    }

    protected override void Decrypt(Span<byte> bytes)
    {
        if (_paused)
        {
            Inner.PauseReceive();
        }

        _stream.Feed(bytes);
    }

    protected override void EndCiphertext()
    {
        _stream.End();
        Wake();
    }

    protected override bool TryEncrypt(ReadOnlyMemory<byte> plain)
    {
        try
        {
            ValueTask write = _ssl.WriteAsync(plain);
            Debug.Assert(write.IsCompleted, "Appending to the queue never waits.");
            write.GetAwaiter().GetResult();
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    protected override void AppendCloseNotify()
    {
        try
        {
            Task written = _ssl.ShutdownAsync();
            Debug.Assert(written.IsCompleted, "Appending to the queue never waits.");
            written.GetAwaiter().GetResult();
        }
        catch (Exception)
        {
            // The peer learns of the end by FIN alone.
        }
    }

    protected override void Free()
    {
        _stream.Release();
        Wake();
        _isFreed = true;
        DisposeOnceLeft();
    }

    /// <summary>The connection's life: the handshake, then one record after the other. It goes on inside the event that brings the bytes.</summary>
    private async Task RunAsync()
    {
        byte[]? buffer = null;
        try
        {
            if (_prelude is not null)
            {
                await _prelude(_stream).ConfigureAwait(false);
                await new LoopSwitch(Loop);
            }

            await _authenticate(_ssl).ConfigureAwait(false);
            await new LoopSwitch(Loop);
            if (!IsOver)
            {
                Establish(DescribeSession());
            }

            while (!IsOver)
            {
                // Waits for plain bytes without a buffer.
                await _ssl.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                await new LoopSwitch(Loop);

                // A FIN is looked for even while paused; bytes that come before it are then held until receiving goes on.
                while (_paused && !IsInnerEnded && Phase < TlsPhase.Closing)
                {
                    await WhenWokenAsync().ConfigureAwait(false);
                }

                if (Phase >= TlsPhase.Closing)
                {
                    break;
                }

                buffer = ArrayPool<byte>.Shared.Rent(MaxRecordBytes);
                int count = await _ssl.ReadAsync(buffer.AsMemory()).ConfigureAwait(false);
                await new LoopSwitch(Loop);
                while (_paused && count > 0 && Phase < TlsPhase.Closing)
                {
                    await WhenWokenAsync().ConfigureAwait(false);
                }

                if (IsOver)
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
        catch (Exception exception)
        {
            // Whatever it was (a bad record, no common cipher, a certificate refused, a function of the host's that threw): the connection cannot go on.
            await new LoopSwitch(Loop);
            HandshakeFailure = Info is null && !IsOver ? exception : null;
            Fail();
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            await new LoopSwitch(Loop);
            _isRunning = false;
            DisposeOnceLeft();
        }
    }

    /// <summary>Disposed inside its own handshake, SslStream would never free the session that it is making: 14 KB a connection.</summary>
    private void DisposeOnceLeft()
    {
        if (_isFreed && !_isRunning)
        {
            _ssl.Dispose();
        }
    }

    private TlsInfo DescribeSession()
    {
        string hostName = _ssl.TargetHostName;
        return new TlsInfo(
            _ssl.SslProtocol,
            _ssl.NegotiatedCipherSuite,
            hostName.Length == 0 ? null : hostName,
            _ssl.NegotiatedApplicationProtocol,
            _ssl.RemoteCertificate as X509Certificate2);
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
        if (_paused || Phase >= TlsPhase.Closing)
        {
            return;
        }

        Wake();
        if (!_paused && Phase < TlsPhase.Closing)
        {
            Inner.ResumeReceive();
        }
    }
}
