using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Conformance;

/// <summary>Writes frames, the wrong ones as readily as the right ones. Straight from RFC 6455 §5.2 and byte by byte: it shall share no idea with the codec under test.</summary>
internal static class WireFrameWriter
{
    public static byte[] Encode(byte opcode, ReadOnlySpan<byte> payload, bool isFinal, byte reserved, bool isMasked)
    {
        int lengthBytes = payload.Length < 126 ? 0 : payload.Length <= ushort.MaxValue ? 2 : 8;
        int headerBytes = 2 + lengthBytes + (isMasked ? 4 : 0);
        byte[] frame = new byte[headerBytes + payload.Length];
        frame[0] = (byte)((isFinal ? 0x80 : 0) | (reserved << 4) | opcode);
        frame[1] = (byte)(isMasked ? 0x80 : 0);
        switch (lengthBytes)
        {
            case 0:
                frame[1] |= (byte)payload.Length;
                break;
            case 2:
                frame[1] |= 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)payload.Length);
                break;
            default:
                frame[1] |= 127;
                BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(2), (ulong)payload.Length);
                break;
        }

        Span<byte> body = frame.AsSpan(headerBytes);
        payload.CopyTo(body);
        if (isMasked)
        {
            Span<byte> key = frame.AsSpan(headerBytes - 4, 4);
            RandomNumberGenerator.Fill(key);
            Mask(body, key);
        }

        return frame;
    }

    /// <summary>RFC 6455 §5.3: byte i is combined with byte i mod 4 of the key; <paramref name="offset"/> is the i of the first byte.</summary>
    public static void Mask(Span<byte> bytes, ReadOnlySpan<byte> key, int offset = 0)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= key[(offset + i) & 3];
        }
    }
}
