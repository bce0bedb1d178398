using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Engine;

/// <summary>
/// A peer's address as the kernel told it when it accepted: in that call it costs nothing, while asking for it later takes eight calls of the runtime's. The
/// object that it stands for is made for those who ask.
/// </summary>
internal readonly struct PeerAddress
{
    /// <summary>The longest address that is understood, <c>sockaddr_in6</c>.</summary>
    public const int MaxBytes = 28;

    private const int Ipv4Bytes = 16;
    private const int Ipv4Family = 2;
    private const int Ipv6Family = 10;

    // In the order of the wire. An IPv4 address is the first four bytes.
    private readonly ulong _first;
    private readonly ulong _second;
    private readonly uint _scope;
    private readonly ushort _port;
    private readonly byte _family;

    /// <param name="address">A <c>sockaddr</c> of Linux. One of another family than IP's, or cut off, is not known.</param>
    public PeerAddress(ReadOnlySpan<byte> address)
    {
        int family = address.Length >= sizeof(ushort) ? MemoryMarshal.Read<ushort>(address) : 0;
        switch (family)
        {
            case Ipv4Family when address.Length >= Ipv4Bytes:
                _first = MemoryMarshal.Read<uint>(address[4..]);
                break;
            case Ipv6Family when address.Length >= MaxBytes:
                _first = MemoryMarshal.Read<ulong>(address[8..]);
                _second = MemoryMarshal.Read<ulong>(address[16..]);
                _scope = MemoryMarshal.Read<uint>(address[24..]);
                break;
            default:
                return;
        }

        _family = (byte)family;
        _port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
    }

    public bool IsKnown => _family != 0;

    /// <summary>Only when it is known.</summary>
    public IPEndPoint ToEndPoint()
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes([_first, _second]);
        return new IPEndPoint(_family == Ipv4Family ? new IPAddress(bytes[..4]) : new IPAddress(bytes, _scope), _port);
    }
}
