using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Engine.Sse;

/// <summary>Writes events in the format of WHATWG HTML §9.2.5. Pure: one event, whole, into an <see cref="IBufferWriter{T}"/>.</summary>
internal static class SseFormatter
{
    private const int MaxGuessedChars = 256;

    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\r\n");
    private static readonly SearchValues<char> NotInLine = SearchValues.Create("\r\n\0");

    /// <summary>What no header field may carry (RFC 9110 §5.5): every control character but the tab.</summary>
    private static readonly SearchValues<char> NotInId =
        SearchValues.Create("\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000a\u000b\u000c\u000d\u000e\u000f"
            + "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f");

    /// <exception cref="ArgumentException">The id cannot come back in a header field, or the event type would end its line.</exception>
    public static void Write(IBufferWriter<byte> output, in SseEvent item)
    {
        Check(item);
        // First, because a hub writes its number into the line when the event's turn has come.
        if (item.Id is { } id)
        {
            WriteLine(output, "id: "u8, id);
        }

        if (item.Comment is { } comment)
        {
            WriteLines(output, ": "u8, comment);
        }

        if (item.EventType is { } type)
        {
            WriteLine(output, "event: "u8, type);
        }

        if (item.ReconnectionInterval is { } interval)
        {
            WriteNumber(output, "retry: "u8, (long)interval.TotalMilliseconds);
        }

        if (item.Data is { } data)
        {
            WriteLines(output, "data: "u8, data);
        }
        else if (!item.Utf8Data.IsEmpty)
        {
            WriteLines(output, "data: "u8, item.Utf8Data.Span);
        }

        output.Write("\n"u8);
    }

    /// <exception cref="ArgumentException">The id cannot come back in a header field, or the event type would end its line.</exception>
    public static void Check(in SseEvent item)
    {
        if (item.Id is { Length: > 0 } id)
        {
            CheckId(id);
        }

        if (item.EventType is { } type && type.AsSpan().IndexOfAny(NotInLine) >= 0)
        {
            throw new ArgumentException("An event type holds no CR, LF or NUL.", nameof(item));
        }

        if (item.ReconnectionInterval is { } interval)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.Zero, nameof(item));
        }
    }

    /// <summary>
    /// A client sends the id back as <c>Last-Event-ID</c>. One that is no field value is answered with 400, for ever: that client never comes back. One that
    /// arrives changed is another id.
    /// </summary>
    private static void CheckId(string id)
    {
        if (id.AsSpan().IndexOfAny(NotInId) >= 0)
        {
            throw new ArgumentException("An id holds no control characters: no client could send it back.", nameof(id));
        }

        if (id[0] is ' ' or '\t' || id[^1] is ' ' or '\t')
        {
            throw new ArgumentException("An id has no space at its edges: they are lost on the way back.", nameof(id));
        }

        if (id.Length > SseEvent.MaxIdBytes || (id.Length > SseEvent.MaxIdBytes / 3 && Encoding.UTF8.GetByteCount(id) > SseEvent.MaxIdBytes))
        {
            throw new ArgumentException($"An id is at most {SseEvent.MaxIdBytes} bytes: no server takes a field of any length.", nameof(id));
        }

        if (!Ascii.IsValid(id) && HasLoneSurrogate(id))
        {
            throw new ArgumentException("An id is text: half a surrogate pair is none.", nameof(id));
        }
    }

    private static bool HasLoneSurrogate(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out _, out int length) != OperationStatus.Done)
            {
                return true;
            }

            text = text[length..];
        }

        return false;
    }

    private static void WriteLines(IBufferWriter<byte> output, ReadOnlySpan<byte> field, ReadOnlySpan<char> text)
    {
        while (true)
        {
            int end = text.IndexOfAny(LineEnds);
            WriteLine(output, field, end < 0 ? text : text[..end]);
            if (end < 0)
            {
                return;
            }

            bool isPair = text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n';
            text = text[(end + (isPair ? 2 : 1))..];
        }
    }

    /// <summary>Writes a field for each line of a text.</summary>
    public static void WriteLines(IBufferWriter<byte> output, ReadOnlySpan<byte> field, ReadOnlySpan<byte> text)
    {
        while (true)
        {
            int end = text.IndexOfAny((byte)'\r', (byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
            Span<byte> span = output.GetSpan(field.Length + line.Length + 1);
            field.CopyTo(span);
            line.CopyTo(span[field.Length..]);
            span[field.Length + line.Length] = (byte)'\n';
            output.Advance(field.Length + line.Length + 1);
            if (end < 0)
            {
                return;
            }

            bool isPair = text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n';
            text = text[(end + (isPair ? 2 : 1))..];
        }
    }

    /// <summary>Writes a field whose text has no line end.</summary>
    public static void WriteLine(IBufferWriter<byte> output, ReadOnlySpan<byte> field, ReadOnlySpan<char> text)
    {
        // Three times a long text would be a buffer of another size; counting it costs less.
        int maxBytes = text.Length <= MaxGuessedChars ? Encoding.UTF8.GetMaxByteCount(text.Length) : Encoding.UTF8.GetByteCount(text);
        Span<byte> span = output.GetSpan(field.Length + maxBytes + 1);
        field.CopyTo(span);
        int length = field.Length + Encoding.UTF8.GetBytes(text, span[field.Length..]);
        span[length] = (byte)'\n';
        output.Advance(length + 1);
    }

    private static void WriteNumber(IBufferWriter<byte> output, ReadOnlySpan<byte> field, long number)
    {
        Span<byte> span = output.GetSpan(field.Length + 21);
        field.CopyTo(span);
        Utf8Formatter.TryFormat(number, span[field.Length..], out int length);
        span[field.Length + length] = (byte)'\n';
        output.Advance(field.Length + length + 1);
    }
}
