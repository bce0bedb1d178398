using System.Buffers;
using System.Numerics;

namespace Engine.Http1;

/// <summary>Writes the chunked coding (RFC 9112 §7.1).</summary>
internal static class ChunkedEncoder
{
    /// <summary>Room for a size line.</summary>
    public const int MaxSizeLineBytes = 18;

    /// <summary>The last chunk and an empty trailer section.</summary>
    public static ReadOnlySpan<byte> End => "0\r\n\r\n"u8;

    public static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <summary>Writes a chunk's size line; answers its length.</summary>
    public static int WriteSizeLine(Span<byte> destination, int lengthBytes)
    {
        int digits = (BitOperations.Log2((uint)lengthBytes) / 4) + 1;
        destination = destination[..(digits + LineEnd.Length)];
        LineEnd.CopyTo(destination[digits..]);
        for (int i = digits - 1; i >= 0; i--)
        {
            destination[i] = "0123456789abcdef"u8[lengthBytes & 0xF];
            lengthBytes >>= 4;
        }

        return destination.Length;
    }

    /// <summary>Writes one whole chunk; an empty one would be the last and is left out.</summary>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
        {
            return;
        }

        Span<byte> span = output.GetSpan(MaxSizeLineBytes + data.Length + 2);
        int length = WriteSizeLine(span, data.Length);
        data.CopyTo(span[length..]);
        length += data.Length;
        LineEnd.CopyTo(span[length..]);
        output.Advance(length + 2);
    }

    /// <summary>Writes the last chunk with its trailer section.</summary>
    public static void WriteEnd(IBufferWriter<byte> output, ResponseHeaders? trailers)
    {
        if (trailers is null)
        {
            output.Write(End);
            return;
        }

        Span<byte> span = output.GetSpan(trailers.SizeBytes + 8);
        "0\r\n"u8.CopyTo(span);
        int length = 3 + trailers.Write(span[3..]);
        LineEnd.CopyTo(span[length..]);
        output.Advance(length + 2);
    }
}
