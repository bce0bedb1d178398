using System.Buffers.Binary;
using System.Diagnostics;

namespace Engine.WebSockets;

/// <summary>Frame headers into bytes (RFC 6455 §5.2). Pure. Allocates nothing. The payload is the caller's to write, masked on a client.</summary>
internal static class FrameEncoder
{
    /// <summary>How long the header of such a frame is.</summary>
    public static int HeaderBytes(long payloadBytes, bool isMasked) => payloadBytes switch
    {
        < 126 => 2,
        <= ushort.MaxValue => 4,
        _ => 10,
    } + (isMasked ? 4 : 0);

    /// <summary>The first byte of a frame.</summary>
    public static byte FirstByte(FrameOpcode opcode, bool isFinal, bool isCompressed)
        => (byte)((byte)opcode | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0));

    /// <summary>Writes the header of an unmasked frame, as servers send it, and answers its length.</summary>
    public static int WriteHeader(Span<byte> destination, byte firstByte, long payloadBytes)
    {
        Debug.Assert(payloadBytes >= 0, "A length is not negative.");
        destination[0] = firstByte;
        if (payloadBytes < 126)
        {
            destination[1] = (byte)payloadBytes;
            return 2;
        }

        if (payloadBytes <= ushort.MaxValue)
        {
            destination[1] = 126;
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadBytes);
            return 4;
        }

        destination[1] = 127;
        BinaryPrimitives.WriteInt64BigEndian(destination[2..], payloadBytes);
        return 10;
    }

    /// <summary>Writes the header of a masked frame, as clients send it, and answers its length.</summary>
    public static int WriteHeader(Span<byte> destination, byte firstByte, long payloadBytes, uint mask)
    {
        int length = WriteHeader(destination, firstByte, payloadBytes);
        destination[1] |= 0x80;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[length..], mask);
        return length + 4;
    }
}
