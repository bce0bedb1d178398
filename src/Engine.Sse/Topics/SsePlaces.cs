using System.Buffers;

namespace Engine.Sse;

/// <summary>Where each topic of a stream stands: after the last message that is in the stream's queue. Loop only.</summary>
internal abstract class SsePlaces
{
    /// <summary>Room for the line that stands before an event; 0 when none does.</summary>
    public abstract int LineBytes { get; }

    /// <summary>Whether events do not carry the positions, so that a checkpoint has to follow.</summary>
    public abstract bool OwesCheckpoint { get; }

    protected List<Place> Places { get; } = [];

    /// <summary>The place of a topic by its number; -1 when the stream keeps none of it.</summary>
    public int IndexOf(int topicNumber)
    {
        ReadOnlySpan<Place> places = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Places);
        for (int i = 0; i < places.Length; i++)
        {
            if (places[i].TopicNumber == topicNumber)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The place of a topic by its name; -1 when the stream keeps none of it.</summary>
    public int IndexOf(string topic) => Places.FindIndex(place => place.Topic == topic);

    /// <summary>A topic has got on. Returns where it stood.</summary>
    public TopicPosition Move(int index, TopicPosition position)
    {
        if (index < 0)
        {
            return default;
        }

        Place place = Places[index];
        Places[index] = place with { Position = position };
        return place.Position;
    }

    /// <summary>Where a topic goes on behind a gap: a latest topic sends the newest message of each key again, from the beginning.</summary>
    public TopicPosition After(in TopicGap gap, int index) => index >= 0 && Places[index].Kind == TopicKind.Latest ? gap.To with { Offset = 0 } : gap.To;

    /// <summary>Writes the line that stands before an event of a topic, if one does. Returns what was written.</summary>
    public abstract ReadOnlySpan<byte> WriteLine(Span<byte> destination, int index);

    /// <summary>Writes the positions as a block of their own, which browsers remember without raising an event; nothing when there are none.</summary>
    public abstract void WriteCheckpoint(IBufferWriter<byte> output);

    /// <param name="Topic">The topic's name.</param>
    /// <param name="TopicNumber">The topic's number; 0 while nobody is subscribed to it.</param>
    /// <param name="Kind">What the topic keeps.</param>
    /// <param name="Position">The last position that the stream's queue has.</param>
    /// <param name="Tag">Names the topic in ids that name each; null when the position is in none.</param>
    protected readonly record struct Place(string Topic, int TopicNumber, TopicKind Kind, TopicPosition Position, uint? Tag);
}
