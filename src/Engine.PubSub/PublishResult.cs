namespace Engine.PubSub;

/// <summary>
/// What became of one publication. The counts are for people and metrics, not for retries: subscribers that are behind get the message when there is room,
/// or are told of the gap, so publishing again would only duplicate it.
/// </summary>
/// <param name="Status">Whether the topic has the message.</param>
/// <param name="Position">The message's position; the earlier message's when it is a duplicate.</param>
/// <param name="Delivered">Subscribers that keep up: the message goes into their queues with the next turn of their loops.</param>
/// <param name="Behind">Subscribers whose queue is full, or that are catching up: they get it in order, or are told of the gap.</param>
/// <param name="Gone">Subscribers whose connection was found closed since the publication before this one.</param>
public readonly record struct PublishResult(PublishStatus Status, TopicPosition Position, int Delivered, int Behind, int Gone)
{
    /// <summary>Whether the topic has the message, from now or from before, or will get it from the outbox.</summary>
    public bool IsAccepted => Status is PublishStatus.Published or PublishStatus.Duplicate or PublishStatus.Queued;
}
