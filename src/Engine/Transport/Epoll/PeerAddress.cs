using System.Buffers.Binary;
using System.Net;

namespace Engine;

/// <summary>
/// A peer's address as the kernel told it when it accepted: in that call it costs nothing, while asking for it later takes eight calls of the runtime's. The
/// object that it stands for is made for those who ask.
/// </summary>
internal readonly unsafe struct PeerAddress
{
    /// <summary>Room for the longest address that is taken as it is, <c>sockaddr_in6</c>.</summary>
    public const int MaxBytes = 28;

    private const int Ipv4Family = 2;
    private const int Ipv6Family = 10;

    // An IPv4 address lies in the first four bytes of the high half.
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly uint _scope;
    private readonly ushort _port;
    private readonly byte _family;

    /// <param name="address">A <c>sockaddr</c> of Linux, of which <paramref name="length"/> bytes are filled.</param>
    /// <param name="length">As the kernel said; more than <see cref="MaxBytes"/> when the address was cut off.</param>
    public PeerAddress(byte* address, uint length)
    {
        int family = length >= 2 ? *(ushort*)address : 0;
        if (family == Ipv4Family && length >= 16)
        {
            _high = *(uint*)(address + 4);
        }
        else if (family == Ipv6Family && length >= MaxBytes)
        {
            _high = *(ulong*)(address + 8);
            _low = *(ulong*)(address + 16);
            _scope = *(uint*)(address + 24);
        }
        else
        {
            return;
        }

        _family = (byte)family;
        _port = BinaryPrimitives.ReverseEndianness(*(ushort*)(address + 2));
    }

    /// <summary>False for a family other than IP's.</summary>
    public bool IsKnown => _family != 0;

    public IPEndPoint ToEndPoint()
    {
        ulong* bytes = stackalloc ulong[] { _high, _low };
        IPAddress address = _family == Ipv4Family ? new IPAddress(new ReadOnlySpan<byte>(bytes, 4)) : new IPAddress(new ReadOnlySpan<byte>(bytes, 16), _scope);
        return new IPEndPoint(address, _port);
    }
}
