using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Engine;

/// <summary>
/// What a load balancer announced of a connection by a PROXY header: the addresses, and the extensions of version 2 (HAProxy's specification, section 2.2). Any
/// thread. It is as true as the balancer is.
/// </summary>
public sealed class ProxyInfo
{
    private const byte AlpnType = 0x01;
    private const byte AuthorityType = 0x02;
    private const byte UniqueIdType = 0x05;
    private const byte TlsType = 0x20;
    private const byte NetworkNamespaceType = 0x30;

    private readonly byte[] _extensions;

    internal ProxyInfo(EndPoint? source, EndPoint? destination, byte[] extensions)
    {
        Source = source;
        Destination = destination;
        _extensions = extensions;
        Tls = TryGetExtension(TlsType, out ReadOnlyMemory<byte> tls) ? ProxyTlsInfo.Read(tls) : null;
    }

    /// <summary>The client's address; null when the header names none.</summary>
    public EndPoint? Source { get; }

    /// <summary>The address that the client connected to; null when the header names none.</summary>
    public EndPoint? Destination { get; }

    /// <summary>The host name that the client asked for, by SNI or otherwise; null when the header does not say.</summary>
    public string? Authority => Text(AuthorityType);

    /// <summary>The application protocol that the client and the balancer agreed on; null when the header does not say.</summary>
    public string? ApplicationProtocol => Text(AlpnType);

    /// <summary>The name of the network namespace that the balancer took the connection in; null when the header does not say.</summary>
    public string? NetworkNamespace => Text(NetworkNamespaceType);

    /// <summary>Names the connection in the logs of all who pass it on, in up to 128 bytes; empty when the header does not say.</summary>
    public ReadOnlyMemory<byte> UniqueId => TryGetExtension(UniqueIdType, out ReadOnlyMemory<byte> value) ? value : default;

    /// <summary>The TLS that the client speaks with the balancer; null without TLS, or when the header does not say.</summary>
    public ProxyTlsInfo? Tls { get; }

    /// <summary>Finds the first extension of a type. Returns whether there is one.</summary>
    /// <param name="type">The type, such as 0xEA for what AWS says of its endpoints.</param>
    /// <param name="value">Its bytes.</param>
    public bool TryGetExtension(byte type, out ReadOnlyMemory<byte> value) => TryFind(_extensions, type, out value);

    /// <summary>The parser has checked that lengths add up.</summary>
    internal static bool TryFind(ReadOnlyMemory<byte> extensions, byte type, out ReadOnlyMemory<byte> value)
    {
        while (extensions.Length >= 3)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(extensions.Span[1..]);
            if (extensions.Length < 3 + length)
            {
                break;
            }

            value = extensions.Slice(3, length);
            if (extensions.Span[0] == type)
            {
                return true;
            }

            extensions = extensions[(3 + length)..];
        }

        value = default;
        return false;
    }

    private string? Text(byte type) => TryGetExtension(type, out ReadOnlyMemory<byte> value) ? Encoding.UTF8.GetString(value.Span) : null;
}
