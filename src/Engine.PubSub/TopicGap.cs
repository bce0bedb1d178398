namespace Engine.PubSub;

/// <summary>Messages that a subscriber will not get.</summary>
/// <param name="Topic">The topic, or the pattern that was subscribed to.</param>
/// <param name="After">The last position that the subscriber has; what came right after it is lost.</param>
/// <param name="To">The last position that is lost: the next message comes after it. On a latest topic the newest message of each key follows.</param>
/// <param name="MissedCount">How many messages are lost; null when the positions were given by a broker and do not count them.</param>
public readonly record struct TopicGap(string Topic, TopicPosition After, TopicPosition To, long? MissedCount)
{
    /// <summary>The topic's number, as in <see cref="SubscribeResult.TopicNumber"/>; 0 where none is known.</summary>
    public int TopicNumber { get; init; }
}
