using System.Buffers;

namespace Engine.Sse;

/// <summary>The places of a hub's stream, whose channels come and go, and whose ids name them by their tags (<see cref="SseHubIds"/>). Loop only.</summary>
/// <param name="maxExact">Positions up to which each event carries all of them.</param>
internal sealed class SseHubPlaces(int maxExact) : SsePlaces
{
    private int _tagCount;

    /// <summary>Whether the id is the event's own position, so that the event is formatted with it once for many.</summary>
    public bool HasOne => _tagCount == 1;

    public override int LineBytes => _tagCount > 1 && _tagCount <= maxExact ? SseHubIds.MaxLineBytes(_tagCount) : 0;

    public override bool OwesCheckpoint => _tagCount > maxExact;

    public void Add(string topic, int topicNumber, TopicKind kind, TopicPosition position, bool isInIds)
    {
        Places.Add(new Place(topic, topicNumber, kind, position, isInIds ? SseHubIds.TagOf(topic) : null));
        _tagCount += isInIds ? 1 : 0;
    }

    public void Remove(string topic)
    {
        int index = IndexOf(topic);
        if (index >= 0)
        {
            _tagCount -= Places[index].Tag is null ? 0 : 1;
            Places.RemoveAt(index);
        }
    }

    public override ReadOnlySpan<byte> WriteLine(Span<byte> destination, int index)
        => index >= 0 && LineBytes > 0 && Places[index].Tag is not null ? destination[..WriteAll(destination)] : default;

    public override void WriteCheckpoint(IBufferWriter<byte> output)
    {
        Span<byte> line = output.GetSpan(SseHubIds.MaxLineBytes(_tagCount) + 1);
        int length = WriteAll(line);
        if (length > 0)
        {
            line[length] = (byte)'\n';
            output.Advance(length + 1);
        }
    }

    /// <summary>Writes the line of all positions. Returns its length; 0 when there are none.</summary>
    private int WriteAll(Span<byte> destination)
    {
        int length = 0;
        foreach (Place place in Places)
        {
            if (place.Tag is { } tag && !place.Position.IsNone)
            {
                length = SseHubIds.WritePosition(destination, length, tag, place.Position);
            }
        }

        if (length > 0)
        {
            destination[length++] = (byte)'\n';
        }

        return length;
    }
}
