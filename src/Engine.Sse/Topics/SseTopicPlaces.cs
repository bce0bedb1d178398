using System.Buffers;

namespace Engine.Sse;

/// <summary>The places of a stream whose topics are fixed, and whose ids name them by their order (<see cref="SseTopicIds"/>). Loop only.</summary>
internal sealed class SseTopicPlaces : SsePlaces
{
    private readonly bool _isExact;
    private readonly TopicPosition[] _positions;

    /// <param name="topics">The topics, in the order of the stream's ids.</param>
    /// <param name="isExact">Whether each event carries the positions.</param>
    public SseTopicPlaces(IReadOnlyList<string> topics, bool isExact)
    {
        _isExact = isExact;
        _positions = new TopicPosition[topics.Count];
        LineBytes = isExact && topics.Count > 1 ? SseTopicIds.MaxLineBytes(topics.Count) : 0;
        foreach (string topic in topics)
        {
            Places.Add(new Place(topic, 0, default, default, null));
        }
    }

    public override int LineBytes { get; }

    public override bool OwesCheckpoint => !_isExact;

    public void Set(int index, int topicNumber, TopicKind kind, TopicPosition position)
        => Places[index] = Places[index] with { TopicNumber = topicNumber, Kind = kind, Position = position };

    public override ReadOnlySpan<byte> WriteLine(Span<byte> destination, int index)
        => LineBytes == 0 || index < 0 ? default : destination[..SseTopicIds.WriteLine(destination, Positions())];

    public override void WriteCheckpoint(IBufferWriter<byte> output)
    {
        Span<byte> line = output.GetSpan(SseTopicIds.MaxLineBytes(_positions.Length) + 1);
        int length = SseTopicIds.WriteLine(line, Positions());
        line[length] = (byte)'\n';
        output.Advance(length + 1);
    }

    private ReadOnlySpan<TopicPosition> Positions()
    {
        for (int i = 0; i < _positions.Length; i++)
        {
            _positions[i] = Places[i].Position;
        }

        return _positions;
    }
}
