namespace Engine.PubSub;

/// <summary>What a subscription begins with.</summary>
public enum SubscribeStatus : byte
{
    /// <summary>It begins with the next message; on a latest topic, with the newest message of each key.</summary>
    Subscribed = 0,

    /// <summary>Everything after the given position is kept: it comes first, in order, once.</summary>
    Recovered = 1,

    /// <summary>
    /// Something after the given position is lost. The subscription goes on with what is kept after it, or with the state of the topic where there is one.
    /// </summary>
    Lost = 2,

    /// <summary>The connection has this subscription; nothing changed.</summary>
    AlreadySubscribed = 3,

    /// <summary>The name is empty, too long, holds control characters, or a wildcard that the hub does not allow.</summary>
    InvalidTopic = 4,

    /// <summary>One more would exceed <see cref="TopicHubOptions.MaxSubscriptionsPerConnection"/>.</summary>
    TooManySubscriptions = 5,

    /// <summary>The topic does not exist, and one more would exceed <see cref="TopicHubOptions.MaxTopics"/>.</summary>
    TooManyTopics = 6,

    /// <summary>The connection or the hub has ended.</summary>
    Closed = 7,

    /// <summary>
    /// The topic's history has not been read from the broker yet, or this node is behind the position and cannot reach the broker. Later, or on another node, it
    /// will do: <see cref="TopicHub.PrepareAsync"/> waits for that.
    /// </summary>
    Unavailable = 8,
}
