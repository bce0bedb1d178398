using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Engine.Sse;

/// <summary>Publications as events: their text as data, other bytes as base64, formatted once for all streams of a route.</summary>
/// <param name="names">How events are named.</param>
/// <param name="writeId">
/// Writes the line with the event's position, as it stands on streams of one topic. Null on streams of several: the line with the positions of all stands before
/// the event, and is each stream's own.
/// </param>
internal sealed class SseTopicForm(SseEventNames names, Action<EventBuffer, Publication>? writeId) : WireForm
{
    private readonly EventBufferPool _buffers = new();

    protected override SharedSegment Encode(Publication publication)
    {
        EventBuffer buffer = _buffers.Rent();
        writeId?.Invoke(buffer, publication);
        if (EventTypeOf(publication) is { } type)
        {
            SseFormatter.WriteLine(buffer, "event: "u8, type);
        }

        WriteData(buffer, publication);
        buffer.Write("\n"u8);
        return buffer.ShareOrCopy();
    }

    private static void WriteData(EventBuffer buffer, Publication publication)
    {
        if (publication.IsRemoval)
        {
            SseFormatter.WriteLines(buffer, "data: "u8, Encoding.UTF8.GetBytes(publication.Key ?? ""));
        }
        else if (publication.Kind != PayloadKind.Binary)
        {
            SseFormatter.WriteLines(buffer, "data: "u8, publication.Payload);
        }
        else
        {
            buffer.Write("data: "u8);
            Base64.EncodeToUtf8(publication.Payload, buffer.GetSpan(Base64.GetMaxEncodedToUtf8Length(publication.Payload.Length)), out _, out int length);
            buffer.Advance(length);
            buffer.Write("\n"u8);
        }
    }

    private string? EventTypeOf(Publication publication)
        => publication.IsRemoval ? names.Removal : publication.EventType ?? (names.ByTopic ? publication.Topic : null);
}
