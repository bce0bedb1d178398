using System.Buffers;

namespace Engine.Sse;

/// <summary>Where each topic of a stream stands: after the last message that is in the stream's queue. Loop only.</summary>
/// <param name="topics">The topics, in the order of the stream's ids.</param>
/// <param name="isExact">Whether each event carries the positions.</param>
internal sealed class SseTopicPlaces(IReadOnlyList<string> topics, bool isExact)
{
    private readonly Place[] _places = new Place[topics.Count];
    private readonly TopicPosition[] _positions = new TopicPosition[topics.Count];

    public bool IsExact => isExact;

    /// <summary>Room for the line that stands before an event; 0 when none does.</summary>
    public int LineBytes { get; } = isExact ? SseTopicIds.MaxLineBytes(topics.Count) : 0;

    public void Set(int index, int topicNumber, TopicKind kind, TopicPosition position)
    {
        _places[index] = new Place(topicNumber, kind);
        _positions[index] = position;
    }

    public int IndexOf(int topicNumber) => Array.FindIndex(_places, place => place.TopicNumber == topicNumber);

    public int IndexOf(string topic)
    {
        for (int i = 0; i < topics.Count; i++)
        {
            if (topics[i] == topic)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A topic has got on. Returns where it stood.</summary>
    public TopicPosition Move(int index, TopicPosition position)
    {
        TopicPosition before = _positions[index];
        _positions[index] = position;
        return before;
    }

    /// <summary>Where a topic goes on behind a gap: a latest topic sends the newest message of each key again, from the beginning.</summary>
    public TopicPosition After(in TopicGap gap, int index) => _places[index].Kind == TopicKind.Latest ? gap.To with { Offset = 0 } : gap.To;

    /// <summary>Writes the line that stands before an event, if one does. Returns what was written.</summary>
    public ReadOnlySpan<byte> WriteLine(Span<byte> destination)
        => isExact ? destination[..SseTopicIds.WriteLine(destination, _positions)] : default;

    /// <summary>Writes the positions as a block of their own, which browsers remember without raising an event.</summary>
    public void WriteCheckpoint(IBufferWriter<byte> output)
    {
        Span<byte> line = output.GetSpan(SseTopicIds.MaxLineBytes(_positions.Length) + 1);
        int length = SseTopicIds.WriteLine(line, _positions);
        line[length] = (byte)'\n';
        output.Advance(length + 1);
    }

    private readonly record struct Place(int TopicNumber, TopicKind Kind);
}
