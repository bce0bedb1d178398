namespace Engine.WebSockets;

/// <summary>
/// Topics: the connection hears what is published to those that it is subscribed to, each publication as one message, byte for byte.
/// <see cref="WebSocketEndpointOptions.Topics"/> says which hub they are of.
/// </summary>
public abstract partial class WebSocketConnection
{
    private TopicSubscriber? _subscriber;

    /// <summary>The topics and patterns that the connection is subscribed to, copied, in no order. Loop only.</summary>
    public IReadOnlyCollection<string> Topics => _subscriber?.Topics ?? [];

    /// <summary>
    /// Subscribes to a topic, or to a pattern where the hub allows it. With a position, what came after it is sent first, as far as it is kept; the result says
    /// whether that is everything. Nothing is sent before the caller has returned to the loop. Subscriptions end before <see cref="WebSocketHandler{TData}.OnClose"/>.
    /// Loop only.
    /// </summary>
    /// <param name="topic">The topic or pattern.</param>
    /// <param name="after">The last position that the peer has; null begins with the next message (on a latest topic: with the newest of each key).</param>
    /// <param name="lastCount">
    /// On a stream topic, without a position or with one of another life of the topic: the last kept messages to begin with, up to so many. None by default.
    /// </param>
    /// <exception cref="InvalidOperationException">The endpoint has no topics, or the calling thread is not the connection's loop.</exception>
    public SubscribeResult Subscribe(string topic, TopicPosition? after = null, int lastCount = 0)
    {
        if (IsOpen)
        {
            return Subscriber().Subscribe(topic, after, lastCount);
        }

        ArgumentNullException.ThrowIfNull(topic);
        return SubscribeResult.Refused(SubscribeStatus.Closed);
    }

    /// <summary>Ends a subscription. What is in the connection's queue is still sent. Returns false when there was none. Loop only.</summary>
    public bool Unsubscribe(string topic) => _subscriber?.Unsubscribe(topic) ?? false;

    /// <summary>Returns whether the connection is subscribed to this topic or pattern. Loop only.</summary>
    public bool IsSubscribed(string topic) => _subscriber?.IsSubscribed(topic) ?? false;

    /// <summary>Publishes a message to every subscriber of a topic but this connection. Any thread.</summary>
    /// <exception cref="InvalidOperationException">The endpoint has no topics.</exception>
    public PublishResult Publish(string topic, in TopicMessage message)
        => _subscriber is { } subscriber ? subscriber.Publish(topic, message) : Hub().Publish(topic, message);

    /// <summary>
    /// Publishes a message to every subscriber of a topic but this connection, and waits for the broker where the topic has one
    /// (<see cref="TopicHub.PublishAsync"/>). Any thread.
    /// </summary>
    /// <exception cref="InvalidOperationException">The endpoint has no topics.</exception>
    public ValueTask<PublishResult> PublishAsync(string topic, TopicMessage message, CancellationToken cancellationToken = default)
        => _subscriber is { } subscriber ? subscriber.PublishAsync(topic, message, cancellationToken) : Hub().PublishAsync(topic, message, cancellationToken);

    /// <summary>Publishes text to every subscriber of a topic but this connection. Any thread.</summary>
    /// <exception cref="InvalidOperationException">The endpoint has no topics.</exception>
    public PublishResult Publish(string topic, string text) => Publish(topic, new TopicMessage(text));

    /// <summary>Publishes a received message, as the same kind, to every subscriber of a topic but this connection. Loop only.</summary>
    /// <exception cref="InvalidOperationException">The endpoint has no topics.</exception>
    public PublishResult Publish(string topic, WebSocketMessage message)
    {
        PayloadKind kind = message.IsText ? PayloadKind.Text : PayloadKind.Binary;
        return _subscriber is { } subscriber ? subscriber.Publish(topic, message.Data, kind) : Hub().Publish(topic, message.Data, kind);
    }

    /// <summary>
    /// Says who the connection is in topics with presence (<see cref="TopicOptions.Presence"/>). Connections of the same name are one member. Loop only, before
    /// the first subscription.
    /// </summary>
    /// <param name="name">The member's name; null for nobody.</param>
    /// <param name="info">What others are told of it, as JSON in UTF-8; the empty object when it is empty.</param>
    /// <exception cref="InvalidOperationException">The endpoint has no topics, or there are subscriptions already.</exception>
    public void SetMember(string? name, ReadOnlyMemory<byte> info = default)
    {
        TopicSubscriber subscriber = Subscriber();
        subscriber.MemberName = name;
        if (!info.IsEmpty)
        {
            subscriber.MemberInfo = info;
        }
    }

    /// <summary>Replaces the subscriber that sends payloads as they are, before the first subscription: a protocol above frames them otherwise. Loop only.</summary>
    internal void SetSubscriber(TopicSubscriber subscriber) => _subscriber = subscriber;

    /// <summary>There is room again. Loop only.</summary>
    internal void ResumeTopics() => _subscriber?.OnDrained();

    /// <summary>The WebSocket sends nothing more: its subscriptions end, before the host hears of the end. Loop only.</summary>
    internal void EndTopics() => _subscriber?.Close();

    private TopicSubscriber Subscriber() => _subscriber ??= new WebSocketSubscriber(Hub(), this);

    private TopicHub Hub()
        => _endpoint.Options.Topics ?? throw new InvalidOperationException("The endpoint has no topics: set WebSocketEndpointOptions.Topics.");
}
