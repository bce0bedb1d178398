using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Engine;

/// <summary>
/// How a server speaks TLS. Read once, when the server is made. Handshakes run on the connection's loop: an ECDSA certificate costs it about a tenth of an
/// RSA one.
/// </summary>
public sealed class TlsOptions
{
    private static readonly TimeSpan LongestHandshake = TimeSpan.FromHours(1);

    /// <summary>The certificate, with its private key, for every name that <see cref="SelectCertificate"/> does not answer. The caller keeps and disposes it.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>
    /// Chooses by the host name that the client asked for (SNI, RFC 6066 §3; null when it named none). Null falls back to <see cref="Certificate"/>; without
    /// one the handshake is refused, as it is when the function throws. Called on the loop for each handshake: answer from memory, and always with
    /// the same context for one certificate, because sessions are resumed within one context only.
    /// </summary>
    public Func<string?, SslStreamCertificateContext?>? SelectCertificate { get; set; }

    /// <summary>
    /// Application protocols in order of preference (ALPN, RFC 7301); <c>http/1.1</c> by default. A client that offers only others is refused; one that offers
    /// none is served. Empty: offers are ignored.
    /// </summary>
    public IList<SslApplicationProtocol> ApplicationProtocols { get; private set; } = [SslApplicationProtocol.Http11];

    /// <summary>Versions of the protocol; TLS 1.2 and 1.3 by default.</summary>
    public SslProtocols EnabledProtocols { get; set; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>
    /// How long a handshake may take before the connection is aborted; 10 seconds by default, an hour at most. Until then a silent peer holds a descriptor
    /// and the state of its handshake.
    /// </summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether clients are asked for a certificate (mutual TLS); they are not by default.</summary>
    public ClientCertificateMode ClientCertificates { get; set; }

    /// <summary>
    /// Decides on a certificate that a client showed; null, the default, takes those that the machine trusts. Called on the loop for each handshake.
    /// An exception refuses it.
    /// </summary>
    public Func<X509Certificate2, X509Chain?, SslPolicyErrors, bool>? ValidateClientCertificate { get; set; }

    /// <summary>
    /// Certificates by host name, which may be changed while the server runs; empty by default. Asked after <see cref="SelectCertificate"/>, before
    /// <see cref="Certificate"/>. Shared, not copied: the server sees what is changed later.
    /// </summary>
    public TlsCertificateStore Certificates { get; init; } = new();

    /// <summary>Which library speaks TLS; <see cref="TlsBackend.Auto"/> by default.</summary>
    public TlsBackend Backend { get; set; }

    /// <summary>
    /// The keys of session tickets, for several nodes that resume one another's sessions; null, the default, for keys of the server's own. Shared, not copied.
    /// With the OpenSSL back end. Where clients are asked for certificates no session is resumed, because the host decides on each connection.
    /// </summary>
    public TlsTicketKeys? TicketKeys { get; set; }

    /// <summary>
    /// Handshakes that may be under way at once; 4,096 by default. A connection above that is reset before the library is asked for memory (about 30 KB each).
    /// With the OpenSSL back end.
    /// </summary>
    public int MaxConcurrentHandshakes { get; set; } = 4096;

    /// <summary>Which connections are secured, by the local end point they came in at; all of them when null, the default.</summary>
    public Func<EndPoint?, bool>? AppliesTo { get; set; }

    internal TlsOptions Freeze()
    {
        if (Certificate is null && SelectCertificate is null && Certificates.IsEmpty)
        {
            throw new ArgumentException("TLS needs a certificate, a store that has one, or a function that chooses one.", nameof(Certificate));
        }

        if (Certificate is { HasPrivateKey: false })
        {
            throw new ArgumentException("The certificate has no private key.", nameof(Certificate));
        }

        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(HandshakeTimeout, TimeSpan.Zero, nameof(HandshakeTimeout));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(HandshakeTimeout, LongestHandshake, nameof(HandshakeTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConcurrentHandshakes, 1);
        var frozen = (TlsOptions)MemberwiseClone();
        frozen.ApplicationProtocols = [.. ApplicationProtocols];
        return frozen;
    }
}
