using System.Buffers;

namespace Engine.Sse;

/// <summary>Publications as messages of <c>topics.v1</c>, each the data of one event, formatted once for all streams of a route.</summary>
internal sealed class SseTopicMessageForm : WireForm
{
    private readonly EventBufferPool _buffers = new();

    protected override SharedSegment Encode(Publication publication)
    {
        EventBuffer buffer = _buffers.Rent();
        SseFormatter.WriteLines(buffer, "data: "u8, TopicJson.Message(publication));
        buffer.Write("\n"u8);
        return buffer.ShareOrCopy();
    }
}
