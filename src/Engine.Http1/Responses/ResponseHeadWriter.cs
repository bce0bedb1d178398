using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Engine.Http1;

/// <summary>How a response's body ends (RFC 9112 §6.3).</summary>
internal enum BodyFraming : byte
{
    /// <summary>There is none, and no field says anything about it: 1xx, 204, 304, or the answer to a HEAD whose length is unknown.</summary>
    None = 0,

    /// <summary>After Content-Length bytes.</summary>
    Length = 1,

    /// <summary>With the last chunk.</summary>
    Chunked = 2,

    /// <summary>With the connection, for HTTP/1.0.</summary>
    Close = 3,
}

/// <summary>Writes response heads. Pure: into an <see cref="IBufferWriter{T}"/>, in one piece.</summary>
internal static class ResponseHeadWriter
{
    private const int FixedBytes = 256;

    /// <summary>Writes the head, and <paramref name="body"/> right behind it so that both leave in one send.</summary>
    public static void Write(
        IBufferWriter<byte> output,
        int statusCode,
        ResponseHeaders headers,
        ReadOnlySpan<byte> dateLine,
        ReadOnlySpan<byte> serverLine,
        ReadOnlySpan<byte> connectionLine,
        BodyFraming framing,
        long contentLength,
        ReadOnlySpan<byte> body)
    {
        int size = FixedBytes + headers.SizeBytes + serverLine.Length + connectionLine.Length + (headers.ContentType?.Length ?? 0) + body.Length;
        Span<byte> span = output.GetSpan(size);
        int length = StatusLines.Write(span, statusCode);
        if (!headers.HasDate)
        {
            length += Append(span[length..], dateLine);
        }

        length += Append(span[length..], serverLine);
        length += Append(span[length..], connectionLine);
        if (headers.ContentType is { } contentType)
        {
            length += Append(span[length..], "Content-Type: "u8);
            length += Encoding.Latin1.GetBytes(contentType, span[length..]);
            length += Append(span[length..], "\r\n"u8);
        }

        switch (framing)
        {
            case BodyFraming.Length:
                length += Append(span[length..], "Content-Length: "u8);
                Utf8Formatter.TryFormat(contentLength, span[length..], out int written);
                length += written;
                length += Append(span[length..], "\r\n"u8);
                break;
            case BodyFraming.Chunked:
                length += Append(span[length..], "Transfer-Encoding: chunked\r\n"u8);
                break;
        }

        if (headers.Count > 0)
        {
            length += headers.Write(span[length..]);
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
