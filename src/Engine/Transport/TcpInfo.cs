using System.Runtime.InteropServices;

namespace Engine;

/// <summary>What Linux tells of a TCP connection (struct tcp_info): how much of what was sent the peer has acknowledged. Pure.</summary>
/// <param name="IsKnown">False where there is no such thing: other systems, Unix sockets, kernels before 4.6.</param>
/// <param name="HasUnacknowledged">Whether the kernel still holds bytes for the peer.</param>
/// <param name="AcknowledgedBytes">Bytes that the peer's kernel took, ever.</param>
/// <param name="UnacknowledgedBytes">Bytes that the kernel still holds for the peer, sent or not; -1 where it does not tell (before Linux 4.19).</param>
internal readonly record struct TcpInfo(bool IsKnown, bool HasUnacknowledged, long AcknowledgedBytes, long UnacknowledgedBytes)
{
    /// <summary>IPPROTO_TCP.</summary>
    public const int Level = 6;

    /// <summary>TCP_INFO.</summary>
    public const int Option = 11;

    /// <summary>Enough for the last field that is read; the kernel fills no more than it is given.</summary>
    public const int ReadBytes = 216;

    private const int UnacknowledgedSegments = 24;
    private const int Acknowledged = 120;
    private const int NotSentBytes = 144;
    private const int Sent = 200;
    private const int SentAgain = 208;

    /// <summary>Reads what getsockopt filled in.</summary>
    public static TcpInfo Read(ReadOnlySpan<byte> info)
    {
        if (info.Length < NotSentBytes + sizeof(uint))
        {
            return default;
        }

        uint notSent = MemoryMarshal.Read<uint>(info[NotSentBytes..]);
        long acknowledged = MemoryMarshal.Read<long>(info[Acknowledged..]);
        long unacknowledged = -1;
        if (info.Length >= SentAgain + sizeof(long))
        {
            // On a connection that was dialled the kernel counts its SYN as acknowledged.
            long sent = MemoryMarshal.Read<long>(info[Sent..]) - MemoryMarshal.Read<long>(info[SentAgain..]);
            unacknowledged = Math.Max(sent - acknowledged, 0) + notSent;
        }

        return new TcpInfo(true, MemoryMarshal.Read<uint>(info[UnacknowledgedSegments..]) != 0 || notSent != 0, acknowledged, unacknowledged);
    }
}
