using System.Buffers.Binary;
using System.Text;

namespace Engine;

/// <summary>The TLS between a client and the load balancer in front (HAProxy's specification, section 2.2.6), as the PROXY header tells of it. Any thread.</summary>
public sealed class ProxyTlsInfo
{
    private const int FixedBytes = 5;
    private const byte OverTls = 0x01;
    private const byte CertificateOnConnection = 0x02;
    private const byte CertificateInSession = 0x04;

    private readonly ReadOnlyMemory<byte> _extensions;
    private readonly byte _flags;

    private ProxyTlsInfo(byte flags, bool isVerified, ReadOnlyMemory<byte> extensions)
    {
        _flags = flags;
        IsVerified = isVerified;
        _extensions = extensions;
    }

    /// <summary>Whether the client showed a certificate, now or when the session that it resumed was made.</summary>
    public bool HasClientCertificate => (_flags & (CertificateOnConnection | CertificateInSession)) != 0;

    /// <summary>Whether it showed a certificate and the balancer found it good.</summary>
    public bool IsVerified { get; }

    /// <summary>The version, such as <c>TLSv1.3</c>; null when the header does not say.</summary>
    public string? Version => Text(0x21);

    /// <summary>The common name of the client's certificate; null when the header does not say.</summary>
    public string? CommonName => Text(0x22);

    /// <summary>The cipher suite; null when the header does not say.</summary>
    public string? Cipher => Text(0x23);

    /// <summary>The algorithm that signed the balancer's certificate; null when the header does not say.</summary>
    public string? SignatureAlgorithm => Text(0x24);

    /// <summary>The algorithm of the balancer's key; null when the header does not say.</summary>
    public string? KeyAlgorithm => Text(0x25);

    /// <summary>Null when the client does not speak TLS, or the extension is too short to say so.</summary>
    internal static ProxyTlsInfo? Read(ReadOnlyMemory<byte> value)
    {
        if (value.Length < FixedBytes || (value.Span[0] & OverTls) == 0)
        {
            return null;
        }

        byte flags = value.Span[0];
        bool isShown = (flags & (CertificateOnConnection | CertificateInSession)) != 0;
        return new ProxyTlsInfo(flags, isShown && BinaryPrimitives.ReadUInt32BigEndian(value.Span[1..]) == 0, value[FixedBytes..]);
    }

    private string? Text(byte type) => ProxyInfo.TryFind(_extensions, type, out ReadOnlyMemory<byte> value) ? Encoding.UTF8.GetString(value.Span) : null;
}
