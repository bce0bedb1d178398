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

    /// <exception cref="ArgumentException">Id or event type hold what would end their line.</exception>
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

    /// <exception cref="ArgumentException">Id or event type hold what would end their line.</exception>
    public static void Check(in SseEvent item)
    {
        if (item.Id is { } id && id.AsSpan().IndexOfAny(NotInLine) >= 0)
        {
            throw new ArgumentException("An id holds no CR, LF or NUL.", nameof(item));
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

    private static void WriteLines(IBufferWriter<byte> output, ReadOnlySpan<byte> field, ReadOnlySpan<byte> text)
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

    private static void WriteLine(IBufferWriter<byte> output, ReadOnlySpan<byte> field, ReadOnlySpan<char> text)
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
