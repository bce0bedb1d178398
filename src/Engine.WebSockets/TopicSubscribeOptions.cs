namespace Engine.WebSockets;

/// <summary>Where a subscription of a <see cref="TopicClient"/> begins, and what it tells. Read when it is made. Callbacks run one at a time; keep them short.</summary>
public sealed class TopicSubscribeOptions
{
    /// <summary>The last position that the caller has: what came after it comes first. Null, the default, begins with the next message.</summary>
    public TopicPosition? After { get; set; }

    /// <summary>Without a position, or with one of another life of the topic: begins with up to so many of the last messages of a stream topic. 0 by default.</summary>
    public int LastCount { get; set; }

    /// <summary>
    /// Names a message: of those with the same name among the last 1,024 only the first is given. Holds over a restart of the server, which positions do not. A null
    /// name gives the message. Null by default.
    /// </summary>
    public Func<ReceivedTopicMessage, string?>? Unique { get; set; }

    /// <summary>Takes the messages as they come, instead of a loop over the subscription. Null by default.</summary>
    public Action<ReceivedTopicMessage>? OnMessage { get; set; }

    /// <summary>Messages are missing here; told in its place among the messages. Null by default.</summary>
    public Action<TopicGap>? OnGap { get; set; }

    /// <summary>The subscription has begun, or has begun again; told when the answer arrives, before the messages that follow it. Null by default.</summary>
    public Action<SubscribeResult>? OnSubscribed { get; set; }

    /// <summary>The server refuses the subscription, which has ended. A loop over it throws the same. Null by default.</summary>
    public Action<TopicException>? OnError { get; set; }

    internal TopicSubscribeOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(LastCount, nameof(LastCount));
        return (TopicSubscribeOptions)MemberwiseClone();
    }
}
