namespace Engine.PubSub;

/// <summary>
/// One broker that joins the hubs of several nodes. A hub calls it from any thread, several calls at once. The host makes it, gives it to one hub
/// (<see cref="BackplaneOptions"/>) and disposes it after the hub.
/// </summary>
public interface IBackplane : IAsyncDisposable
{
    /// <summary>Names the broker in metrics and decides which topics are its own where there are several: the same on all nodes.</summary>
    string Name { get; }

    /// <summary>What the broker can do.</summary>
    BackplaneTraits Traits { get; }

    /// <summary>Whether the broker can be reached, as far as this is known.</summary>
    BackplaneState State { get; }

    /// <summary>Begins to connect, and keeps trying for ever. Called once, before everything else; never throws because the broker is away.</summary>
    /// <param name="listener">Told what arrives and how the connection stands.</param>
    void Start(IBackplaneListener listener);

    /// <summary>
    /// Publishes, and returns when the broker has the message. A second call with the same publication, after a failure, must not publish it twice: the broker
    /// recognizes it by its origin and sequence, or by its idempotency key, within the window that it promises.
    /// </summary>
    /// <exception cref="Exception">It is not known whether the broker has the message: the caller tries again.</exception>
    ValueTask<BackplaneReceipt> PublishAsync(BackplanePublication publication, CancellationToken cancellationToken);

    /// <summary>
    /// Asks for what is published to a topic, and returns when the broker has agreed: what is published after that arrives, unless the connection fails.
    /// Called again after each reconnect, where it makes sure of the same.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="isKept">Whether the topic's messages are kept by the broker.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask SubscribeAsync(string topic, bool isKept, CancellationToken cancellationToken);

    /// <summary>Nobody here listens to the topic any more. Never throws because the broker is away.</summary>
    ValueTask UnsubscribeAsync(string topic, bool isKept);

    /// <summary>
    /// Reads what the broker keeps of a topic after a position, oldest first. A position of another epoch, or of no epoch, reads the newest messages.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="after">The last position that is known.</param>
    /// <param name="maxMessages">At most so many are wanted at a time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="NotSupportedException">The broker keeps nothing.</exception>
    ValueTask<BackplaneHistory> ReadAfterAsync(string topic, TopicPosition after, int maxMessages, CancellationToken cancellationToken);
}
