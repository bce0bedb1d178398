using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Engine;

/// <summary>What a TLS handshake agreed on. Immutable; any thread, also after the connection has ended.</summary>
public sealed class TlsInfo
{
    internal TlsInfo(SslProtocols protocol, TlsCipherSuite cipherSuite, string? hostName, SslApplicationProtocol applicationProtocol, X509Certificate2? clientCertificate)
    {
        Protocol = protocol;
        CipherSuite = cipherSuite;
        HostName = hostName;
        ApplicationProtocol = applicationProtocol;
        ClientCertificate = clientCertificate;
    }

    /// <summary>The version of TLS.</summary>
    public SslProtocols Protocol { get; }

    /// <summary>The cipher suite.</summary>
    public TlsCipherSuite CipherSuite { get; }

    /// <summary>The host name that the client asked for (SNI); null when it named none.</summary>
    public string? HostName { get; }

    /// <summary>The application protocol agreed on (ALPN); empty when the client offered none.</summary>
    public SslApplicationProtocol ApplicationProtocol { get; }

    /// <summary>The client's certificate, which was found to hold; null when it showed none.</summary>
    public X509Certificate2? ClientCertificate { get; }
}
