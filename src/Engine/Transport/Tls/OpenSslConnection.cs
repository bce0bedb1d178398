using System.Buffers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Engine;

/// <summary>
/// TLS by OpenSSL 3, on Linux: no task, no stream. The library reads from the loop's receive buffer and writes into the connection's ciphertext; it keeps
/// no buffer while the connection is idle. The session is made with the first bytes, so a peer that says nothing costs none.
/// </summary>
internal sealed unsafe class OpenSslConnection(TransportConnection inner, TlsContext context, OpenSslServer server) : TlsTransportConnection(inner, context.HandshakeMilliseconds)
{
    private readonly OpenSslServer _server = server;
    private readonly OpenSslPort _port = server.PortOf(inner.Loop);
    private nint _ssl;
    private byte[]? _kept;
    private int _keptBytes;
    private bool _paused;
    private bool _isCounted;
    private bool _peerEndRaised;

    /// <summary>The certificate that the client showed and the host accepted, between that moment and the end of the handshake.</summary>
    public X509Certificate2? ClientCertificate { get; set; }

    /// <summary>What the chosen certificate staples (OCSP); empty for nothing.</summary>
    public ReadOnlyMemory<byte> OcspResponse { get; set; }

    /// <summary>What the host decides during the handshake: certificates by name, clients' certificates, protocols.</summary>
    public OpenSslServer Server => _server;

    /// <summary>The transport beneath goes on until the next bytes, which the connection keeps: they may be a close_notify, behind which a FIN would not be seen.</summary>
    public override void PauseReceive() => _paused = true;

    public override void ResumeReceive()
    {
        _paused = false;
        if (Phase < TlsPhase.Failed && _kept is null)
        {
            Inner.ResumeReceive();
        }
    }

    public override bool TryExportKeyingMaterial(string label, ReadOnlySpan<byte> context, Span<byte> target)
    {
        if (_ssl == 0 || Phase != TlsPhase.Open)
        {
            return false;
        }

        byte[] name = Encoding.ASCII.GetBytes(label);
        fixed (byte* into = target)
        fixed (byte* from = name)
        fixed (byte* with = context)
        {
            return LibSsl.SSL_export_keying_material(_ssl, into, (nuint)target.Length, from, (nuint)name.Length, with, (nuint)context.Length, 1) == 1;
        }
    }

    /// <summary>The library wrote ciphertext. Inside a call into the library.</summary>
    public void Append(ReadOnlySpan<byte> ciphertext)
    {
        Ciphertext.Append(ciphertext);
        OnCiphertextAppended();
    }

    /// <summary>The next turn: the bytes that waited for it are taken.</summary>
    public void ContinueHandshake()
    {
        if (_kept is not { } kept)
        {
            return;
        }

        int count = _keptBytes;
        _kept = null;
        _keptBytes = 0;
        if (Phase < TlsPhase.Failed)
        {
            fixed (byte* ciphertext = kept)
            {
                if (_port.TryTakeStep(this))
                {
                    Process(ciphertext, count);
                }
            }
        }

        ReturnKept(kept);
        if (Phase >= TlsPhase.Failed)
        {
            return;
        }

        if (IsInnerEnded)
        {
            EndCiphertext();
        }
        else if (!_paused)
        {
            Inner.ResumeReceive();
        }
    }

    protected override void Begin()
    {
        if (!_server.TryBeginHandshake())
        {
            Fail();
            return;
        }

        _isCounted = true;
    }

    protected override void Decrypt(Span<byte> bytes)
    {
        if (_kept is not null || (Phase == TlsPhase.Handshaking && !_port.TryTakeStep(this)))
        {
            Keep(bytes);
            Inner.PauseReceive();
            return;
        }

        if (_paused)
        {
            Inner.PauseReceive();
        }

        fixed (byte* ciphertext = bytes)
        {
            Process(ciphertext, bytes.Length);
        }
    }

    protected override void EndCiphertext()
    {
        if (_kept is not null)
        {
            return;
        }

        if (Phase == TlsPhase.Open && !_peerEndRaised && LibSsl.SSL_has_pending(_ssl) == 1)
        {
            // The FIN came inside a record: a cut, not an end.
            Fail();
            return;
        }

        RaisePeerEnd();
    }

    protected override bool TryEncrypt(ReadOnlyMemory<byte> plain)
    {
        _port.Enter(this, null, 0);
        try
        {
            fixed (byte* bytes = plain.Span)
            {
                return LibSsl.SSL_write(_ssl, bytes, plain.Length) == plain.Length;
            }
        }
        finally
        {
            _port.Leave();
        }
    }

    protected override void AppendCloseNotify()
    {
        _port.Enter(this, null, 0);
        _ = LibSsl.SSL_shutdown(_ssl);
        _port.Leave();
    }

    protected override void Free()
    {
        EndHandshake();
        if (_kept is { } kept)
        {
            _kept = null;
            ReturnKept(kept);
        }

        if (_ssl != 0)
        {
            _port.Enter(this, null, 0);
            LibSsl.SSL_free(_ssl);
            _port.Leave();
            _ssl = 0;
        }
    }

    /// <summary>Takes ciphertext as far as it goes: the rest of the handshake, then records. What is raised meanwhile may close, pause and send.</summary>
    private void Process(byte* ciphertext, int lengthBytes)
    {
        if (Phase == TlsPhase.Handshaking && !TryHandshake(ref ciphertext, ref lengthBytes))
        {
            return;
        }

        while (Phase == TlsPhase.Open && !_peerEndRaised)
        {
            int count = ReadRecords(ref ciphertext, ref lengthBytes, out int error);
            if (count > 0)
            {
                Sink.OnReceived(new Span<byte>(_port.Plain, count));
            }

            if (error == 0)
            {
                continue;
            }

            if (error == LibSsl.ZeroReturn)
            {
                // RFC 8446 §6.1: the peer sends nothing more; whether it still reads is another question.
                RaisePeerEnd();
            }
            else if (error != LibSsl.WantRead)
            {
                Fail();
            }

            return;
        }
    }

    /// <summary>Returns whether the handshake is done.</summary>
    private bool TryHandshake(ref byte* ciphertext, ref int lengthBytes)
    {
        if (_ssl == 0)
        {
            _ssl = _server.CreateSession();
            if (_ssl == 0)
            {
                Fail();
                return false;
            }

            _port.Attach(_ssl);
        }

        _port.Enter(this, ciphertext, lengthBytes);
        int result = LibSsl.SSL_do_handshake(_ssl);
        int error = result == 1 ? 0 : LibSsl.SSL_get_error(_ssl, result);
        Advance(ref ciphertext, ref lengthBytes);
        if (error == LibSsl.WantRead)
        {
            return false;
        }

        EndHandshake();
        if (error != 0)
        {
            Fail();
            return false;
        }

        Establish(DescribeSession());
        return true;
    }

    /// <summary>Decrypts until the ciphertext is used up or the buffer is full, for which the error is 0.</summary>
    private int ReadRecords(ref byte* ciphertext, ref int lengthBytes, out int error)
    {
        int total = 0;
        error = 0;
        _port.Enter(this, ciphertext, lengthBytes);
        while (total < OpenSslPort.PlainBytes)
        {
            int count = LibSsl.SSL_read(_ssl, _port.Plain + total, OpenSslPort.PlainBytes - total);
            if (count <= 0)
            {
                error = LibSsl.SSL_get_error(_ssl, count);
                break;
            }

            total += count;
        }

        Advance(ref ciphertext, ref lengthBytes);
        return total;
    }

    private void Advance(ref byte* ciphertext, ref int lengthBytes)
    {
        int read = lengthBytes - _port.UnreadBytes;
        ciphertext += read;
        lengthBytes -= read;
        _port.Leave();
    }

    private void RaisePeerEnd()
    {
        if (!_peerEndRaised && Phase < TlsPhase.Failed)
        {
            _peerEndRaised = true;
            EndHandshake();
            Sink.OnPeerClosed();
        }
    }

    private void EndHandshake()
    {
        if (_isCounted)
        {
            _isCounted = false;
            _server.EndHandshake();
        }
    }

    private TlsInfo DescribeSession()
    {
        LibSsl.SSL_get0_alpn_selected(_ssl, out byte* protocol, out uint protocolBytes);
        nint name = LibSsl.SSL_get_servername(_ssl, 0);
        nint cipher = LibSsl.SSL_get_current_cipher(_ssl);
        X509Certificate2? client = ClientCertificate;
        ClientCertificate = null;
        OcspResponse = default;
        return _server.Describe(
            LibSsl.SSL_version(_ssl) == LibSsl.Tls13 ? SslProtocols.Tls13 : SslProtocols.Tls12,
            (TlsCipherSuite)(cipher == 0 ? 0 : LibSsl.SSL_CIPHER_get_protocol_id(cipher)),
            OpenSslServer.HostNameAt(name),
            new ReadOnlySpan<byte>(protocol, (int)protocolBytes),
            client);
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        byte[]? old = _kept;
        if (old is null || old.Length - _keptBytes < bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(_keptBytes + bytes.Length);
            Loop.Counters.CountRemainder(1);
            if (old is not null)
            {
                old.AsSpan(0, _keptBytes).CopyTo(larger);
                ReturnKept(old);
            }

            _kept = larger;
        }

        bytes.CopyTo(_kept.AsSpan(_keptBytes));
        _keptBytes += bytes.Length;
    }

    private void ReturnKept(byte[] kept)
    {
        Loop.Counters.CountRemainder(-1);
        ArrayPool<byte>.Shared.Return(kept);
    }
}
