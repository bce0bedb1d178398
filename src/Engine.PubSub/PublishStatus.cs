namespace Engine.PubSub;

/// <summary>What became of a publication.</summary>
public enum PublishStatus : byte
{
    /// <summary>The topic has it.</summary>
    Published = 0,

    /// <summary>The topic has had a message with this idempotency key: nothing was published, and the position is that message's.</summary>
    Duplicate = 1,

    /// <summary>The topic, or the key of a latest topic, has this version or a newer one: nothing was published.</summary>
    Outdated = 2,

    /// <summary>The name is empty, too long, or holds control characters or a wildcard.</summary>
    InvalidTopic = 3,

    /// <summary>The payload is larger than <see cref="TopicHubOptions.MaxMessageBytes"/>.</summary>
    TooLarge = 4,

    /// <summary>The topic does not exist, and one more would exceed <see cref="TopicHubOptions.MaxTopics"/>.</summary>
    TooManyTopics = 5,

    /// <summary>The hub has been disposed.</summary>
    Closed = 6,

    /// <summary>
    /// It is in the outbox of the backplane, which publishes it when the broker has it and until then tries again. <c>PublishAsync</c> waits for that, and knows
    /// the position.
    /// </summary>
    Queued = 7,

    /// <summary>Nothing was published: the broker is away, and the outbox is full or takes nothing in the meantime. Later it may.</summary>
    Unavailable = 8,
}
