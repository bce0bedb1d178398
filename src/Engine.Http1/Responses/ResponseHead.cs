using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Engine.Http1;

/// <summary>A response's head, ready to be written in one piece (RFC 9112 §4, §5). Lives for one call.</summary>
internal readonly ref struct ResponseHead
{
    private const int FixedBytes = 256;

    public required int StatusCode { get; init; }

    public required ResponseHeaders Headers { get; init; }

    public required ResponseFraming Framing { get; init; }

    /// <summary>The Date field with its line end; left out when the handler set one.</summary>
    public required ReadOnlySpan<byte> DateLine { get; init; }

    /// <summary>The Server field with its line end, or nothing.</summary>
    public required ReadOnlySpan<byte> ServerLine { get; init; }

    /// <summary>The Connection field with its line end, and Upgrade with it, or nothing.</summary>
    public required ReadOnlySpan<byte> ConnectionLines { get; init; }

    /// <summary>Writes the head, and <paramref name="body"/> right behind it so that both leave in one send.</summary>
    public void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> body)
    {
        int size = FixedBytes + Headers.SizeBytes + ServerLine.Length + ConnectionLines.Length + (Headers.ContentType?.Length ?? 0) + body.Length;
        Span<byte> span = output.GetSpan(size);
        int length = StatusLines.Write(span, StatusCode);
        if (!Headers.HasDate)
        {
            length += Append(span[length..], DateLine);
        }

        length += Append(span[length..], ServerLine);
        length += Append(span[length..], ConnectionLines);
        if (Headers.ContentType is { } contentType)
        {
            length += Append(span[length..], "Content-Type: "u8);
            length += Encoding.Latin1.GetBytes(contentType, span[length..]);
            length += Append(span[length..], "\r\n"u8);
        }

        switch (Framing.Kind)
        {
            case BodyFraming.Length:
                length += Append(span[length..], "Content-Length: "u8);
                Utf8Formatter.TryFormat(Framing.LengthBytes, span[length..], out int written);
                length += written;
                length += Append(span[length..], "\r\n"u8);
                break;
            case BodyFraming.Chunked:
                length += Append(span[length..], "Transfer-Encoding: chunked\r\n"u8);
                break;
        }

        if (Headers.Count > 0)
        {
            length += Headers.Write(span[length..]);
        }

        length += Append(span[length..], "\r\n"u8);
        length += Append(span[length..], body);
        output.Advance(length);
    }

    private static int Append(Span<byte> destination, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(destination);
        return bytes.Length;
    }
}
