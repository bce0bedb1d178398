namespace Engine.PubSub;

/// <summary>
/// A broker within the process, for tests and for hosts that have one node for now: what is written against it behaves as on a real one. It keeps
/// a history, and can be made to fail as real ones do. Any thread.
/// </summary>
public sealed class InMemoryBroker
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Kept> _topics = new(StringComparer.Ordinal);
    private readonly List<InMemoryBackplane> _nodes = [];
    private readonly int _maxMessagesPerTopic;
    private ulong _nextEpoch = TopicEpochs.First();
    private bool _isAway;

    /// <param name="maxMessagesPerTopic">Messages kept of each topic; the oldest is forgotten first.</param>
    public InMemoryBroker(int maxMessagesPerTopic = 10_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxMessagesPerTopic, 1);
        _maxMessagesPerTopic = maxMessagesPerTopic;
    }

    internal Lock Gate => _gate;

    internal BackplaneState State => _isAway ? BackplaneState.Away : BackplaneState.Connected;

    /// <summary>Makes a node's side of the broker.</summary>
    public InMemoryBackplane Connect() => new(this);

    /// <summary>The broker goes, as if its process had been killed: nothing is confirmed or brought until <see cref="Return"/>. What it keeps stays.</summary>
    public void GoAway() => SetAway(true);

    /// <summary>The broker is back.</summary>
    public void Return() => SetAway(false);

    /// <summary>The broker loses everything that it kept, as one does that is started again without its disk.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _topics.Clear();
        }
    }

    internal void Add(InMemoryBackplane node)
    {
        lock (_gate)
        {
            _nodes.Add(node);
            if (!_isAway)
            {
                node.OnStateChanged(State);
            }
        }
    }

    internal void Remove(InMemoryBackplane node)
    {
        lock (_gate)
        {
            _nodes.Remove(node);
        }
    }

    internal BackplaneReceipt Publish(BackplanePublication publication)
    {
        // Told under the lock: every node hears the messages in the order of their offsets.
        lock (_gate)
        {
            Check();
            var message = new BackplaneMessage(publication.Topic, default, null, publication.Payload);
            if (publication.IsKept)
            {
                Kept topic = Find(publication.Topic);
                if (topic.TryFind(publication, out ulong known))
                {
                    return new BackplaneReceipt(new TopicPosition(topic.Epoch, known), IsDuplicate: true);
                }

                message = topic.Append(publication, _maxMessagesPerTopic);
            }

            foreach (InMemoryBackplane node in _nodes)
            {
                node.Hear(message);
            }

            return new BackplaneReceipt(message.Position, IsDuplicate: false);
        }
    }

    internal BackplaneHistory ReadAfter(string name, TopicPosition after, int maxMessages)
    {
        lock (_gate)
        {
            Check();
            return Find(name).ReadAfter(after, maxMessages);
        }
    }

    internal void Check()
    {
        if (_isAway)
        {
            throw new IOException("The broker is away.");
        }
    }

    private void SetAway(bool isAway)
    {
        lock (_gate)
        {
            if (_isAway == isAway)
            {
                return;
            }

            _isAway = isAway;
            foreach (InMemoryBackplane node in _nodes)
            {
                node.OnStateChanged(State);
            }
        }
    }

    private Kept Find(string name)
    {
        if (!_topics.TryGetValue(name, out Kept? topic))
        {
            topic = new Kept(_nextEpoch++);
            _topics.Add(name, topic);
        }

        return topic;
    }

    private sealed class Kept(ulong epoch)
    {
        private readonly Queue<BackplaneMessage> _messages = new();
        private readonly Dictionary<string, ulong> _keys = new(StringComparer.Ordinal);
        private readonly Dictionary<ulong, (long Sequence, ulong Offset)> _origins = [];
        private ulong _head;

        public ulong Epoch => epoch;

        public bool TryFind(BackplanePublication publication, out ulong offset)
        {
            bool isKnown = _origins.TryGetValue(publication.Origin, out (long Sequence, ulong Offset) last);
            if (last.Sequence < publication.PreviousSequence && !publication.FollowsConfirmed)
            {
                // Taken now, the one before it would come after it, or look like a duplicate, when it is tried again.
                throw new IOException("An earlier publication is missing.");
            }

            offset = last.Offset;
            if (isKnown && last.Sequence >= publication.Sequence)
            {
                return true;
            }

            if (publication.IdempotencyKey is not { } key || !_keys.TryGetValue(key, out offset))
            {
                return false;
            }

            _origins[publication.Origin] = (publication.Sequence, offset);
            return true;
        }

        public BackplaneMessage Append(BackplanePublication publication, int maxMessages)
        {
            var message = new BackplaneMessage(publication.Topic, new TopicPosition(epoch, ++_head), _head - 1, publication.Payload);
            _messages.Enqueue(message);
            if (_messages.Count > maxMessages)
            {
                _messages.Dequeue();
            }

            _origins[publication.Origin] = (publication.Sequence, _head);
            if (publication.IdempotencyKey is { } key)
            {
                _keys[key] = _head;
            }

            return message;
        }

        public BackplaneHistory ReadAfter(TopicPosition after, int maxMessages)
        {
            ulong from = after.Epoch == epoch ? after.Offset : _head - Math.Min(_head, (ulong)maxMessages);
            BackplaneMessage[] messages = [.. _messages.SkipWhile(message => message.Position.Offset <= from).Take(maxMessages)];
            ulong floor = messages.Length > 0 ? messages[0].Position.Offset - 1 : _head;
            bool hasMore = messages.Length > 0 && messages[^1].Position.Offset < _head;
            return new BackplaneHistory(epoch, floor, _head, messages, hasMore);
        }
    }
}
