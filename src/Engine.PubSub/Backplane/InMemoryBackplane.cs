namespace Engine.PubSub;

/// <summary>One node's side of an <see cref="InMemoryBroker"/>.</summary>
public sealed class InMemoryBackplane : IBackplane
{
    private readonly InMemoryBroker _broker;
    private readonly HashSet<string> _topics = new(StringComparer.Ordinal);
    private IBackplaneListener? _listener;

    internal InMemoryBackplane(InMemoryBroker broker) => _broker = broker;

    /// <inheritdoc/>
    public string Name => "memory";

    /// <inheritdoc/>
    public BackplaneTraits Traits { get; } = new(KeepsHistory: true, HasConsecutiveOffsets: true, MaxPayloadBytes: int.MaxValue);

    /// <inheritdoc/>
    public BackplaneState State => _broker.State;

    /// <inheritdoc/>
    public void Start(IBackplaneListener listener)
    {
        _listener = listener;
        _broker.Add(this);
    }

    /// <inheritdoc/>
    public ValueTask<BackplaneReceipt> PublishAsync(BackplanePublication publication, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(publication);
        try
        {
            return new(_broker.Publish(publication));
        }
        catch (IOException away)
        {
            return ValueTask.FromException<BackplaneReceipt>(away);
        }
    }

    /// <inheritdoc/>
    public ValueTask SubscribeAsync(string topic, bool isKept, CancellationToken cancellationToken)
    {
        lock (_broker.Gate)
        {
            _broker.Check();
            _topics.Add(topic);
            return ValueTask.CompletedTask;
        }
    }

    /// <inheritdoc/>
    public ValueTask UnsubscribeAsync(string topic, bool isKept)
    {
        lock (_broker.Gate)
        {
            _topics.Remove(topic);
            return ValueTask.CompletedTask;
        }
    }

    /// <inheritdoc/>
    public ValueTask<BackplaneHistory> ReadAfterAsync(string topic, TopicPosition after, int maxMessages, CancellationToken cancellationToken)
        => new(_broker.ReadAfter(topic, after, maxMessages));

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _broker.Remove(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Under the broker's lock.</summary>
    internal void Hear(in BackplaneMessage message)
    {
        if (_topics.Contains(message.Topic))
        {
            _listener!.OnMessage(message);
        }
    }

    /// <summary>Under the broker's lock. A broker that goes forgets who listens.</summary>
    internal void OnStateChanged(BackplaneState state)
    {
        if (state == BackplaneState.Away)
        {
            _topics.Clear();
        }

        _listener!.OnStateChanged(state);
    }
}
