namespace Engine.PubSub;

/// <summary>What a subscription begins with.</summary>
/// <param name="Status">Whether there is a subscription, and what becomes of the past.</param>
/// <param name="Kind">The topic's kind.</param>
/// <param name="Position">The newest position when the subscription began. What is published later comes after it.</param>
/// <param name="RecoveredCount">Messages that come before the live ones: those after the position, or the last ones that were asked for.</param>
/// <param name="LostAfter">With <see cref="SubscribeStatus.Lost"/>: the position that was asked for; what came right after it is lost.</param>
/// <param name="LostCount">With <see cref="SubscribeStatus.Lost"/>: how many messages are lost; null when that is not known.</param>
/// <param name="TopicNumber">Names the topic in compact wire formats for as long as the epoch of its position does not change.</param>
public readonly record struct SubscribeResult(
    SubscribeStatus Status,
    TopicKind Kind,
    TopicPosition Position,
    int RecoveredCount,
    TopicPosition LostAfter,
    long? LostCount,
    int TopicNumber)
{
    /// <summary>Whether the connection is subscribed.</summary>
    public bool IsSubscribed => Status <= SubscribeStatus.AlreadySubscribed;

    /// <summary>What a refused subscription answers.</summary>
    public static SubscribeResult Refused(SubscribeStatus status) => new(status, default, default, 0, default, null, 0);
}
