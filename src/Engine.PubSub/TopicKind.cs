namespace Engine.PubSub;

/// <summary>What a topic keeps, and for whom.</summary>
public enum TopicKind : byte
{
    /// <summary>
    /// At most once: messages are kept for slow subscribers only, for a short time. A subscriber that is overtaken is told of the gap; one that comes back
    /// with a position that is not the newest is told that it lost something.
    /// </summary>
    Ephemeral = 0,

    /// <summary>A history bounded by count, bytes and age. A subscriber that comes back with a position gets what it missed, or is told what is lost.</summary>
    Stream = 1,

    /// <summary>The newest message of each key. A new subscriber gets them all; a slow one gets the newest of each key and never a backlog.</summary>
    Latest = 2,
}
