namespace Engine.PubSub;

/// <summary>
/// One topic, or one pattern that is subscribed to: its log, and the loops on which it has subscribers. Any thread; its lock is held for an append or for the copy
/// of some references, never while something is sent.
/// </summary>
internal sealed class Topic
{
    private readonly TopicHub _hub;
    private readonly TopicLog _log;
    private PublishMemory? _memory;
    private TopicOutlet[] _outlets = [];
    private Topic[] _patterns = [];
    private int _patternsVersion = -1;
    private long _lastUsed;
    private int _subscriberCount;
    private bool _isRetired;

    public Topic(TopicHub hub, string name, bool isPattern, TopicOptions options, ulong epoch, int number)
    {
        _hub = hub;
        Name = name;
        IsPattern = isPattern;
        Options = options;
        Epoch = epoch;
        Number = number;
        _log = new TopicLog(options, hub.Options.Clock);
        _lastUsed = hub.Options.Clock.GetTimestamp();
    }

    public Lock Gate { get; } = new();

    public string Name { get; }

    public bool IsPattern { get; }

    public TopicOptions Options { get; }

    /// <summary>Changes once, before the first subscriber: when the broker has told the life of a topic that it keeps.</summary>
    public ulong Epoch { get; private set; }

    public int Number { get; }

    /// <summary>Under <see cref="Gate"/>.</summary>
    public TopicLog Log => _log;

    public int SubscriberCount => Volatile.Read(ref _subscriberCount);

    /// <summary>When the topic was last published to or subscribed to.</summary>
    public long LastUsed => Volatile.Read(ref _lastUsed);

    /// <summary>The topic's side of a broker; null without a backplane. Set before anybody else sees the topic.</summary>
    public TopicLink? Link { get; init; }

    /// <summary>The loops with subscribers. Any thread: replaced, never changed.</summary>
    public TopicOutlet[] Outlets => Volatile.Read(ref _outlets);

    /// <summary>Who is in the topic; null without presence, or before the first member.</summary>
    public TopicPresence? Presence { get; private set; }

    public TopicPosition PositionAt(ulong offset) => new(Epoch, offset);

    /// <summary>
    /// Appends a publication and wakes the loops of its subscribers. Takes over the caller's reference in any case. False when the topic has been retired:
    /// the hub makes a new one.
    /// </summary>
    public bool TryPublish(Publication publication, in TopicMessage message, out PublishResult result)
    {
        var counts = default(OutletCounts);
        TopicOutlet[] outlets;
        TopicPosition position;
        long deltaBytes;
        lock (Gate)
        {
            if (_isRetired)
            {
                result = default;
                return false;
            }

            if (IsKnown(message, out result))
            {
                publication.Release();
                return true;
            }

            position = PositionAt(_log.Head + 1);
            long before = _log.LengthBytes;
            publication.Place(position, _log.Head);
            _log.Append(publication);
            deltaBytes = _log.LengthBytes - before;
            Remember(message, position);
            _lastUsed = _hub.Options.Clock.GetTimestamp();
            outlets = _outlets;
            foreach (TopicOutlet outlet in outlets)
            {
                outlet.AddCounts(ref counts);
            }

            // Within the lock, so that a pattern has the messages of one topic in that topic's order. Patterns lock no topic.
            foreach (Topic pattern in FindPatterns())
            {
                if (pattern.TryPublish(publication.CopyFor(pattern, message), WithoutMemory(message), out PublishResult copied))
                {
                    counts.Delivered += copied.Delivered;
                    counts.Behind += copied.Behind;
                    counts.Gone += copied.Gone;
                }
            }
        }

        _hub.CountPublished(deltaBytes, isCopy: IsPattern);
        SignalAll(outlets);
        result = new PublishResult(PublishStatus.Published, position, counts.Delivered, counts.Behind, counts.Gone);
        return true;
    }

    /// <summary>
    /// Appends a message that has its place from a broker. A message that the log has had is ignored; one whose previous offset the log does not know is a gap
    /// for everybody before it. Takes over the caller's reference.
    /// </summary>
    public void Accept(Publication publication, in TopicMessage message, ulong offset, ulong previousOffset)
    {
        TopicOutlet[] outlets;
        long deltaBytes;
        lock (Gate)
        {
            publication.Place(PositionAt(offset), previousOffset);
            long before = _log.LengthBytes;
            if (_isRetired || !_log.Append(publication))
            {
                publication.Release();
                return;
            }

            deltaBytes = _log.LengthBytes - before;
            outlets = _outlets;
            foreach (Topic pattern in FindPatterns())
            {
                pattern.TryPublish(publication.CopyFor(pattern, message), message, out _);
            }
        }

        _hub.CountPublished(deltaBytes, isCopy: false);
        SignalAll(outlets);
    }

    /// <summary>The broker has told the life of the topic. Before the first subscriber.</summary>
    public void Rebase(ulong epoch, bool hasConsecutiveOffsets)
    {
        lock (Gate)
        {
            Epoch = epoch;
            _log.SetOrigin(hasConsecutiveOffsets);
        }
    }

    /// <summary>Everything up to an offset is lost here: whoever stands before it is told.</summary>
    /// <param name="offset">The last offset that is lost; null is the one after the newest, for what was lost and has no offset.</param>
    /// <returns>Whether anything was lost that the log did not know of.</returns>
    public bool Lose(ulong? offset)
    {
        TopicOutlet[] outlets;
        long deltaBytes;
        lock (Gate)
        {
            long before = _log.LengthBytes;
            if (_isRetired || !_log.TryLose(offset ?? _log.Head + 1))
            {
                return false;
            }

            deltaBytes = _log.LengthBytes - before;
            outlets = _outlets;
        }

        _hub.CountLogBytes(deltaBytes);
        SignalAll(outlets);
        return true;
    }

    /// <summary>The broker has nothing more up to an offset.</summary>
    public void AdvanceTo(ulong offset)
    {
        lock (Gate)
        {
            _log.AdvanceTo(offset);
        }
    }

    /// <summary>
    /// Counts a subscriber in and returns the topic's outlet on its loop, made if there is none. Null when the topic has been retired. On that loop.
    /// </summary>
    /// <remarks>
    /// The subscriber is counted before it stands in the outlet: from here on neither the topic is retired nor the outlet given up, also when the outlet's last
    /// other subscriber is found gone in between.
    /// </remarks>
    public TopicOutlet? Attach(TopicLoop loop)
    {
        TopicOutlet outlet;
        lock (Gate)
        {
            if (_isRetired)
            {
                return null;
            }

            outlet = FindOutlet(loop) ?? AddOutlet(loop);
            outlet.AttachedCount++;
            _lastUsed = _hub.Options.Clock.GetTimestamp();
            if (++_subscriberCount == 1)
            {
                // Under the lock, so that activations and deactivations are told in the order in which they happened.
                _hub.OnActivated(this);
            }
        }

        _hub.CountSubscription(1);
        return outlet;
    }

    /// <summary>Counts a subscriber out; the outlet of the last one on a loop goes. On that loop.</summary>
    public void Detach(TopicOutlet outlet)
    {
        lock (Gate)
        {
            _lastUsed = _hub.Options.Clock.GetTimestamp();
            if (--outlet.AttachedCount == 0)
            {
                Volatile.Write(ref _outlets, Array.FindAll(_outlets, known => !ReferenceEquals(known, outlet)));
            }

            if (--_subscriberCount == 0)
            {
                _hub.OnDeactivated(this);
            }
        }

        _hub.CountSubscription(-1);
    }

    /// <summary>A subscriber that has a name comes; only on topics with presence.</summary>
    public void Join(string member, ReadOnlyMemory<byte> info)
    {
        lock (Gate)
        {
            Presence ??= _hub.MakePresence(this);
        }

        Presence.Join(member, info);
    }

    /// <summary>Forgets what is too old; retires a topic that nobody needs any more, which true tells.</summary>
    public bool Sweep(TimeSpan idleAge)
    {
        long deltaBytes;
        bool isRetired;
        lock (Gate)
        {
            long before = _log.LengthBytes;
            _log.ForgetOld();
            deltaBytes = _log.LengthBytes - before;
            _memory?.ForgetOld();
            bool isUnused = _subscriberCount == 0 && Presence is not { Count: > 0 } && _hub.Options.Clock.GetElapsedTime(_lastUsed) >= idleAge;

            // What a broker brings is of no use here without subscribers, and costs network: the next one reads the history again.
            bool isIdle = isUnused && (_log.Count == 0 || Link is { IsOpen: true });
            _isRetired |= isIdle;
            isRetired = _isRetired;
        }

        _hub.CountLogBytes(deltaBytes);
        return isRetired;
    }

    /// <summary>Forgets the oldest messages until at most so many bytes are kept.</summary>
    public void Shrink(long maxBytes)
    {
        long deltaBytes;
        lock (Gate)
        {
            long before = _log.LengthBytes;
            _log.Shrink(maxBytes);
            deltaBytes = _log.LengthBytes - before;
        }

        _hub.CountLogBytes(deltaBytes);
    }

    /// <summary>Retires the topic whoever needs it: the hub ends.</summary>
    public void Retire()
    {
        lock (Gate)
        {
            _isRetired = true;
            Presence?.Dispose();
        }

        Shrink(-1);
    }

    /// <summary>Subscribers of all loops, for a publisher's result.</summary>
    public OutletCounts CountSubscribers()
    {
        var counts = default(OutletCounts);
        foreach (TopicOutlet outlet in Outlets)
        {
            outlet.AddCounts(ref counts);
        }

        return counts;
    }

    private static void SignalAll(TopicOutlet[] outlets)
    {
        foreach (TopicOutlet outlet in outlets)
        {
            outlet.Signal();
        }
    }

    private TopicOutlet? FindOutlet(TopicLoop loop)
    {
        foreach (TopicOutlet known in _outlets)
        {
            if (ReferenceEquals(known.Loop, loop))
            {
                return known;
            }
        }

        return null;
    }

    private TopicOutlet AddOutlet(TopicLoop loop)
    {
        var outlet = new TopicOutlet(this, loop, _log.Head);
        Volatile.Write(ref _outlets, [.. _outlets, outlet]);
        return outlet;
    }

    private static TopicMessage WithoutMemory(in TopicMessage message) => message with { IdempotencyKey = null, Version = 0 };

    private bool IsKnown(in TopicMessage message, out PublishResult result)
    {
        result = default;
        if (message.IdempotencyKey is { } key && _memory is { } memory && memory.TryFind(key, out TopicPosition known))
        {
            result = new PublishResult(PublishStatus.Duplicate, known, 0, 0, 0);
            return true;
        }

        if (message.Version != 0)
        {
            _memory ??= new PublishMemory(_hub.Options);
            if (!_memory.TryAdvance(Options.Kind == TopicKind.Latest ? message.Key ?? "" : "", message.Version))
            {
                result = new PublishResult(PublishStatus.Outdated, PositionAt(_log.Head), 0, 0, 0);
                return true;
            }
        }

        return false;
    }

    private void Remember(in TopicMessage message, TopicPosition position)
    {
        if (message.IdempotencyKey is { } key)
        {
            _memory ??= new PublishMemory(_hub.Options);
            _memory.Remember(key, position);
        }
    }

    /// <summary>The patterns that match, as long as no pattern came or went.</summary>
    private Topic[] FindPatterns()
    {
        if (!IsPattern && _patternsVersion != _hub.PatternsVersion)
        {
            _patternsVersion = _hub.PatternsVersion;
            _patterns = _hub.PatternsFor(Name);
        }

        return _patterns;
    }
}
