namespace Engine.PubSub;

/// <summary>How a hub's topics are joined to those of other nodes.</summary>
public sealed partial class TopicHub
{
    private readonly BackplaneNode[] _backplanes;
    private ulong[] _backplaneHashes = [];

    /// <summary>The figures of each broker, in the order of the options; empty without a backplane.</summary>
    public IReadOnlyList<BackplaneMetrics> Backplanes => [.. _backplanes.Select(static node => node.Metrics)];

    /// <summary>
    /// Publishes a message and returns when the topic has it: at once, unless the topic's order is its broker's (<see cref="PublishMode.Ordered"/>). Then it returns
    /// when the broker has confirmed it, with the broker's position; while the broker is away it waits, or is refused with
    /// <see cref="PublishStatus.Unavailable"/> (<see cref="BackplaneOptions.WhileAway"/>). Any thread.
    /// </summary>
    /// <param name="topic">The topic; it need not have subscribers.</param>
    /// <param name="message">The message; copied before the call returns.</param>
    /// <param name="cancellationToken">Ends the wait, and not the publication.</param>
    /// <exception cref="OperationCanceledException">The wait was ended, or the hub was: the message may be published or not.</exception>
    /// <exception cref="ArgumentException">The message is a removal, and the topic is no latest topic; or the event type would end its line.</exception>
    public ValueTask<PublishResult> PublishAsync(string topic, TopicMessage message, CancellationToken cancellationToken = default)
        => PublishFromAsync(topic, message, except: 0, cancellationToken);

    /// <summary>
    /// Makes a topic ready to be subscribed to: with a backplane, the node asks the broker for what is published to it and reads its history, up to the position at
    /// least. Returns false when that failed within <see cref="BackplaneOptions.SubscribeTimeout"/>; a subscription is
    /// <see cref="SubscribeStatus.Unavailable"/> then. Without a backplane it returns true at once. Any thread.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="after">The position that a subscriber comes with.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<bool> PrepareAsync(string topic, TopicPosition? after = null, CancellationToken cancellationToken = default)
    {
        if (_backplanes.Length == 0)
        {
            return new ValueTask<bool>(true);
        }

        // A topic that may not be is refused when it is subscribed to.
        TryGetOrAdd(topic, isForSubscriber: true, out Topic? found);
        return found?.Link is { } link ? link.PrepareAsync(after, Options.Backplane!.SubscribeTimeout, cancellationToken) : new ValueTask<bool>(true);
    }

    internal ValueTask<PublishResult> PublishFromAsync(string topic, in TopicMessage message, long except, CancellationToken cancellationToken)
    {
        if (_backplanes.Length == 0 || IsPresenceTopic(topic))
        {
            return new(Publish(topic, message, except));
        }

        PublishResult result = TryQueue(topic, message.Payload.Span, message, except, hasWaiter: true, out OutboxItem? item, out Topic? found);
        return item is null ? new(result) : FinishAsync(item, topic, found, cancellationToken);
    }

    /// <summary>A broker has lost a topic's life: its subscribers come back with positions of the old one, and are told.</summary>
    internal void Lose(Topic topic)
    {
        topic.Retire();
        Forget(topic);
        foreach (TopicOutlet outlet in topic.Outlets)
        {
            outlet.Loop.Post(_ => outlet.ForEach(static (subscriber, _) => subscriber.CloseConnection(0, "history lost"), 0), null);
        }
    }

    private PublishResult PublishOverBackplane(string topic, ReadOnlySpan<byte> payload, in TopicMessage message, long except)
        => TryQueue(topic, payload, message, except, hasWaiter: false, out _, out _);

    /// <summary>
    /// Gives a publication to the broker's outbox; one of a topic with positions of its own is published here too. An item comes out only when the broker's answer
    /// is to be waited for.
    /// </summary>
    private PublishResult TryQueue(string topic, ReadOnlySpan<byte> payload, in TopicMessage message, long except, bool hasWaiter, out OutboxItem? item, out Topic? found)
    {
        item = null;
        found = null;
        Check(message);
        if (_isDisposed || payload.Length > Options.MaxMessageBytes)
        {
            return Refused(_isDisposed ? PublishStatus.Closed : PublishStatus.TooLarge);
        }

        bool isKnown = topic is not null && _topics.TryGetValue(topic, out found);
        if (!isKnown && (!TopicPattern.IsValidName(topic, Options.MaxTopicNameBytes) || TopicPattern.IsPattern(topic)))
        {
            return Refused(PublishStatus.InvalidTopic);
        }

        TopicOptions options = found?.Options ?? RuleFor(topic!);
        if (found is { IsPattern: true })
        {
            return Refused(PublishStatus.InvalidTopic);
        }

        if (message.IsRemoval && options.Kind != TopicKind.Latest)
        {
            throw new ArgumentException("Only keys of a latest topic are removed.", nameof(message));
        }

        BackplaneNode node = NodeOf(topic!);
        byte[] envelope = BackplaneEnvelope.Write(payload, message, node.Origin, except);
        if (envelope.Length > node.Broker.Traits.MaxPayloadBytes)
        {
            return Refused(PublishStatus.TooLarge);
        }

        if (node.IsKept(options))
        {
            OutboxItem? added = node.Outbox.TryAdd(topic!, envelope, isKept: true, message.IdempotencyKey, hasWaiter);
            item = hasWaiter ? added : null;
            return Refused(added is null ? PublishStatus.Unavailable : PublishStatus.Queued);
        }

        return PublishLocalFirst(node, topic!, payload, message, except, envelope);
    }

    /// <summary>The outbox comes first, so that what it refuses is published nowhere; but what is a duplicate or outdated here is published nowhere either.</summary>
    private PublishResult PublishLocalFirst(
        BackplaneNode node, string topic, ReadOnlySpan<byte> payload, in TopicMessage message, long except, byte[] envelope)
    {
        if (!node.Outbox.HasRoom(envelope.Length))
        {
            return Refused(PublishStatus.Unavailable);
        }

        PublishResult result = PublishAnywhere(topic, payload, message, except);
        if (result.Status == PublishStatus.Published && node.Outbox.TryAdd(topic, envelope, isKept: false, null, hasWaiter: false) is null)
        {
            // Two publishers for the last place: the other nodes see by the next message that one is missing.
            node.Outbox.Skip(topic);
        }

        return result;
    }

    private async ValueTask<PublishResult> FinishAsync(OutboxItem item, string topic, Topic? found, CancellationToken cancellationToken)
    {
        BackplaneReceipt receipt = await item.Confirmation.WaitAsync(cancellationToken).ConfigureAwait(false);
        OutletCounts counts = (found ?? _topics.GetValueOrDefault(topic))?.CountSubscribers() ?? default;
        return receipt.IsDuplicate
            ? new PublishResult(PublishStatus.Duplicate, receipt.Position, 0, 0, 0)
            : new PublishResult(PublishStatus.Published, receipt.Position, counts.Delivered, counts.Behind, counts.Gone);
    }

    private BackplaneNode[] MakeBackplanes()
    {
        if (Options.Backplane is not { } backplane)
        {
            return [];
        }

        _backplaneHashes = [.. backplane.Brokers.Select(static broker => RendezvousHash.Of(broker.Name))];
        return [.. backplane.Brokers.Select(broker => new BackplaneNode(this, broker, backplane))];
    }

    private void DisposeBackplanes()
    {
        foreach (BackplaneNode node in _backplanes)
        {
            node.Dispose();
        }
    }

    private BackplaneNode NodeOf(string topic) => _backplanes[_backplanes.Length == 1 ? 0 : RendezvousHash.Choose(_backplaneHashes, topic)];

    /// <summary>Patterns and presence stay within the node.</summary>
    private TopicLink? MakeLink(string name, bool isPattern, TopicOptions options)
        => _backplanes.Length == 0 || isPattern || IsPresenceTopic(name) ? null : NodeOf(name).MakeLink(options);
}
