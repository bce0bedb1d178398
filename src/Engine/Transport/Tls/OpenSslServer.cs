using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Engine;

/// <summary>What the OpenSSL connections of one server share: a context for each certificate, a port for each loop, and the keys of the tickets. Any thread.</summary>
internal sealed unsafe class OpenSslServer
{
    private readonly ConditionalWeakTable<EventLoop, OpenSslPort> _ports = [];
    private readonly ConditionalWeakTable<SslStreamCertificateContext, OpenSslCertificate> _certificates = [];
    private readonly TlsContext _context;
    private readonly byte[] _offeredProtocols;
    private OpenSslCertificate? _initial;
    private TlsInfo? _lastDescription;
    private int _handshakes;

    /// <exception cref="AuthenticationException">The library does not take the certificate or its key.</exception>
    public OpenSslServer(TlsContext context)
    {
        _context = context;
        _offeredProtocols = [.. context.Options.ApplicationProtocols.SelectMany(static one => new byte[] { (byte)one.Protocol.Length }.Concat(one.Protocol.ToArray()))];
        TicketKeys = context.Options.TicketKeys ?? new TlsTicketKeys();

        // A certificate that the library cannot use is told when the server is made, while another library may still be chosen.
        if (context.DefaultCertificate is { } certificate)
        {
            _initial = Load(certificate);
        }
    }

    public TlsTicketKeys TicketKeys { get; }

    /// <summary>Protocols as the wire has them, each behind its length, most preferred first (RFC 7301 §3.1).</summary>
    public ReadOnlySpan<byte> OfferedProtocols => _offeredProtocols;

    public TlsOptions Options => _context.Options;

    public OpenSslPort PortOf(EventLoop loop) => _ports.GetValue(loop, static key => new OpenSslPort(key));

    /// <summary>Counts a handshake in. False when as many are under way as may be.</summary>
    public bool TryBeginHandshake()
    {
        if (Interlocked.Increment(ref _handshakes) <= _context.Options.MaxConcurrentHandshakes)
        {
            return true;
        }

        Interlocked.Decrement(ref _handshakes);
        return false;
    }

    public void EndHandshake() => Interlocked.Decrement(ref _handshakes);

    /// <summary>Makes a session with the default certificate; another is chosen once the client has named a host. Zero if there is no memory. The caller frees it.</summary>
    public nint CreateSession()
    {
        OpenSslCertificate initial = Initial();
        nint ssl = LibSsl.SSL_new(initial.Pointer);
        GC.KeepAlive(initial);
        if (ssl != 0)
        {
            LibSsl.SSL_set_accept_state(ssl);
        }

        return ssl;
    }

    /// <summary>
    /// Chooses by the host name and puts it into the session. Returns false if there is no certificate for that name. Inside the handshake; exceptions of the host's
    /// function pass through.
    /// </summary>
    public bool TrySelectCertificate(OpenSslConnection connection, nint ssl, string? hostName)
    {
        if (_context.Select(hostName, out ReadOnlyMemory<byte> ocspResponse) is not { } chosen)
        {
            return false;
        }

        OpenSslCertificate certificate = Load(chosen);
        connection.OcspResponse = ocspResponse;
        bool isSet = LibSsl.SSL_set_SSL_CTX(ssl, certificate.Pointer) != 0;
        GC.KeepAlive(certificate);
        return isSet;
    }

    /// <summary>Has the host, or the machine's trust, decide on a client's certificate. Inside the handshake.</summary>
    public bool IsClientAccepted(X509Certificate2 shown, X509Certificate2Collection intermediates) => _context.IsClientAccepted(shown, intermediates);

    /// <summary>Nearly all handshakes of a server agree on the same: they share one description.</summary>
    public TlsInfo Describe(SslProtocols protocol, TlsCipherSuite cipher, string? hostName, ReadOnlySpan<byte> applicationProtocol, X509Certificate2? client)
    {
        TlsInfo? last = Volatile.Read(ref _lastDescription);
        if (client is null
            && last is not null
            && last.Protocol == protocol
            && last.CipherSuite == cipher
            && last.HostName == hostName
            && last.ApplicationProtocol.Protocol.Span.SequenceEqual(applicationProtocol))
        {
            return last;
        }

        SslApplicationProtocol named = default;
        foreach (SslApplicationProtocol offered in _context.Options.ApplicationProtocols)
        {
            if (!applicationProtocol.IsEmpty && offered.Protocol.Span.SequenceEqual(applicationProtocol))
            {
                named = offered;
            }
        }

        var made = new TlsInfo(protocol, cipher, hostName, named, client);
        if (client is null)
        {
            Volatile.Write(ref _lastDescription, made);
        }

        return made;
    }

    /// <summary>A host name in the library's memory; null for none.</summary>
    public static string? HostNameAt(nint name)
    {
        if (name == 0)
        {
            return null;
        }

        ReadOnlySpan<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)name);
        return bytes.IsEmpty ? null : Encoding.ASCII.GetString(bytes);
    }

    /// <summary>The context that sessions begin with. It follows the default certificate when the host replaces that.</summary>
    private OpenSslCertificate Initial()
    {
        if (_context.DefaultCertificate is { } certificate)
        {
            return Load(certificate);
        }

        return _initial ??= new OpenSslCertificate(this, null);
    }

    private OpenSslCertificate Load(SslStreamCertificateContext certificate)
        => _certificates.GetValue(certificate, key => new OpenSslCertificate(this, key));
}
