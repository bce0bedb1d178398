using System.Runtime.InteropServices;

namespace Engine;

/// <summary>What Linux tells of a TCP connection (struct tcp_info): how much of what was sent the peer has acknowledged. Pure.</summary>
/// <param name="IsKnown">False where there is no such thing: other systems, Unix sockets, kernels before 4.6.</param>
/// <param name="HasUnacknowledged">Whether the kernel still holds bytes for the peer.</param>
/// <param name="AcknowledgedBytes">Bytes that the peer's kernel took, ever.</param>
internal readonly record struct TcpInfo(bool IsKnown, bool HasUnacknowledged, long AcknowledgedBytes)
{
    /// <summary>IPPROTO_TCP.</summary>
    public const int Level = 6;

    /// <summary>TCP_INFO.</summary>
    public const int Option = 11;

    /// <summary>Enough for the last field that is read; the kernel fills no more than it is given.</summary>
    public const int ReadBytes = 152;

    private const int UnacknowledgedSegments = 24;
    private const int Acknowledged = 120;
    private const int NotSentBytes = 144;

    /// <summary>Reads what getsockopt filled in.</summary>
    public static TcpInfo Read(ReadOnlySpan<byte> info)
        => info.Length < NotSentBytes + sizeof(uint)
            ? default
            : new TcpInfo(
                true,
                MemoryMarshal.Read<uint>(info[UnacknowledgedSegments..]) != 0 || MemoryMarshal.Read<uint>(info[NotSentBytes..]) != 0,
                MemoryMarshal.Read<long>(info[Acknowledged..]));
}
