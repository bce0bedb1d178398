namespace Engine.PubSub;

/// <summary>
/// One connection's subscriptions in one hub. A wire derives from it to say how a publication is sent; it calls <see cref="OnDrained"/> when there is room again
/// and <see cref="Close"/> when the connection ends. Loop only, unless a member says otherwise.
/// </summary>
/// <remarks>
/// Nothing is raised from within a call: what a subscription begins with, and what a publication brings, is sent later in the turn, so that subscribing,
/// unsubscribing, publishing and closing are safe in any callback.
/// </remarks>
public abstract partial class TopicSubscriber
{
    private static readonly ReadOnlyMemory<byte> NoInfo = "{}"u8.ToArray();

    private readonly TopicHub _hub;
    private readonly TopicLoop _loop;
    private TopicEntry[] _entries = [];
    private string? _memberName;
    private int _count;
    private ushort _lives;

    /// <summary>Makes a connection a subscriber, without a subscription yet. Loop only.</summary>
    /// <param name="hub">The topics.</param>
    /// <param name="connection">The connection that carries the messages.</param>
    protected TopicSubscriber(TopicHub hub, Connection connection)
    {
        ArgumentNullException.ThrowIfNull(hub);
        ArgumentNullException.ThrowIfNull(connection);
        _hub = hub;
        Connection = connection;
        _loop = hub.LoopOf(connection.Loop);
        Number = hub.NextSubscriberNumber();
    }

    /// <summary>The topics. Any thread.</summary>
    public TopicHub Hub => _hub;

    /// <summary>The connection that carries the messages. Any thread.</summary>
    public Connection Connection { get; }

    /// <summary>What the host knows the subscriber as: the WebSocket, or the stream of events. Null where the wire has no such thing. Any thread.</summary>
    public virtual object? Peer => null;

    /// <summary>Whether <see cref="Close"/> was called. Any thread.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>How many topics it is subscribed to.</summary>
    public int SubscriptionCount => _count;

    /// <summary>The topics and patterns that it is subscribed to, copied, in no order.</summary>
    public IReadOnlyCollection<string> Topics
    {
        get
        {
            string[] names = new string[_count];
            for (int i = 0; i < _count; i++)
            {
                names[i] = _entries[i].Outlet.Topic.Name;
            }

            return names;
        }
    }

    /// <summary>
    /// Who the connection is in topics with presence; null, the default, for nobody. Connections of the same name are one member.
    /// </summary>
    /// <exception cref="InvalidOperationException">There are subscriptions already.</exception>
    public string? MemberName
    {
        get => _memberName;
        set => _memberName = _count == 0 ? value : throw new InvalidOperationException("The member's name is set before the first subscription.");
    }

    /// <summary>What others are told of the member, as JSON (UTF-8); the empty object by default.</summary>
    public ReadOnlyMemory<byte> MemberInfo { get; set; } = NoInfo;

    /// <summary>
    /// Within <see cref="TrySend"/>: whether the topics send this subscriber nothing more in the turn, so that the message may be handed to the kernel at once.
    /// </summary>
    protected bool IsLastOfTurn { get; private set; }

    /// <summary>How publications look on this wire.</summary>
    protected internal abstract WireForm Form { get; }

    /// <summary>Names the subscriber within its hub, so that a message that is not for its publisher need not keep the publisher in memory.</summary>
    internal long Number { get; }

    /// <summary>The subscription is on the list of those that the loop lets go on.</summary>
    internal bool IsScheduled { get; set; }

    /// <summary>
    /// Subscribes to a topic, or to a pattern where the hub allows it. With a position, what came after it is sent first, as far as it is kept. Returns what
    /// will happen; nothing is sent before the caller has returned to the loop.
    /// </summary>
    /// <param name="topic">The topic or pattern.</param>
    /// <param name="after">The last position that the peer has; null begins with the next message (on a latest topic: with the newest of each key).</param>
    /// <param name="lastCount">
    /// On a stream topic, without a position or with one of another life of the topic: the last kept messages to begin with, up to so many. None by default.
    /// </param>
    public SubscribeResult Subscribe(string topic, TopicPosition? after = null, int lastCount = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lastCount);
        CheckLoop();
        if (IsClosed || !Connection.IsOpen)
        {
            return SubscribeResult.Refused(SubscribeStatus.Closed);
        }

        TopicOutlet? outlet = null;
        while (outlet is null)
        {
            SubscribeStatus status = _hub.TryGetOrAdd(topic, isForSubscriber: true, out Topic? found);
            if (found is null)
            {
                return SubscribeResult.Refused(status);
            }

            if (FindEntry(found) is int known and >= 0)
            {
                return new SubscribeResult(
                    SubscribeStatus.AlreadySubscribed, found.Options.Kind, found.PositionAt(OffsetOf(_entries[known])), 0, default, null, found.Number);
            }

            if (_count >= _hub.Options.MaxSubscriptionsPerConnection)
            {
                return SubscribeResult.Refused(SubscribeStatus.TooManySubscriptions);
            }

            if (found.Link is { } link && !link.TryOpen(after))
            {
                return SubscribeResult.Refused(SubscribeStatus.Unavailable);
            }

            // Null when the topic has just been retired: the next look makes a new one.
            outlet = found.Attach(_loop);
        }

        return Begin(outlet, after, lastCount);
    }

    /// <summary>Ends a subscription. What is in the connection's queue is sent, and what was published before now if there is room. False when there was none.</summary>
    public bool Unsubscribe(string topic)
    {
        CheckLoop();
        int index = FindEntry(topic);
        if (index < 0)
        {
            return false;
        }

        TopicOutlet outlet = _entries[index].Outlet;
        if (_entries[index].State == TopicEntryState.Live && outlet.Topic.Options.MinInterval == TimeSpan.Zero)
        {
            outlet.Deliver();
            index = FindEntry(outlet.Topic);
        }

        if (index >= 0)
        {
            Drop(index);
        }

        return true;
    }

    /// <summary>Whether it is subscribed to this topic or pattern.</summary>
    public bool IsSubscribed(string topic) => FindEntry(topic) >= 0;

    /// <summary>
    /// The last position of a topic that the connection's queue has: what comes after it follows. No position when it is not subscribed, and while it waits for the
    /// topic's state.
    /// </summary>
    public TopicPosition PositionOf(string topic)
    {
        int index = FindEntry(topic);
        return index < 0 || _entries[index].State == TopicEntryState.Joining ? default : _entries[index].Outlet.Topic.PositionAt(OffsetOf(_entries[index]));
    }

    /// <summary>Publishes to everybody but this subscriber. Any thread.</summary>
    public PublishResult Publish(string topic, in TopicMessage message) => _hub.Publish(topic, message, except: Number);

    /// <summary>Publishes bytes to everybody but this subscriber. Any thread.</summary>
    public PublishResult Publish(string topic, ReadOnlySpan<byte> payload, PayloadKind kind = PayloadKind.Binary)
        => _hub.Publish(topic, payload, new TopicMessage(default, kind), except: Number);

    /// <summary>Publishes to everybody but this subscriber, and waits for the broker where the topic has one (<see cref="TopicHub.PublishAsync"/>). Any thread.</summary>
    public ValueTask<PublishResult> PublishAsync(string topic, TopicMessage message, CancellationToken cancellationToken = default)
        => _hub.PublishFromAsync(topic, message, except: Number, cancellationToken);

    /// <summary>There is room again after a send returned <see cref="SendStatus.Queued"/> or <see cref="SendStatus.Dropped"/>.</summary>
    public void OnDrained()
    {
        if (_behindCount > 0)
        {
            _loop.Schedule(this);
        }
    }

    /// <summary>The connection has ended, or is about to: every subscription ends, and later ones are refused. Idempotent.</summary>
    public void Close()
    {
        CheckLoop();
        IsClosed = true;
        while (_count > 0)
        {
            Drop(_count - 1);
        }

        _entries = [];
        ForgetStates();
    }

    /// <summary>Sends a publication in this wire's form if there is room for all of it. Must not call the host.</summary>
    /// <param name="publication">The message.</param>
    /// <param name="encoded">Its bytes in <see cref="Form"/>.</param>
    protected internal abstract SendStatus TrySend(Publication publication, SharedSegment encoded);

    /// <summary>Sends a publication that is larger than the queue, waiting for room. Must not call the host.</summary>
    protected internal abstract ValueTask<SendStatus> SendAsync(Publication publication, SharedSegment encoded);

    /// <summary>Whether a message of so many bytes fits into the queue when that is empty; else it is sent by <see cref="SendAsync"/>.</summary>
    protected internal abstract bool Fits(int lengthBytes);

    /// <summary>
    /// Tells the peer, or the host, that messages are lost, if there is room for that. Must not call the host: hand over by a post.
    /// After <see cref="SendStatus.Dropped"/> it is called again when there is room.
    /// </summary>
    protected internal abstract SendStatus TellGap(in TopicGap gap);

    /// <summary>Closes the connection, because the host asked for it (<see cref="TopicHub.CloseAll"/>) or the topic has overtaken it.</summary>
    /// <param name="code">The host's code; 0 when the topic has overtaken it.</param>
    /// <param name="reason">Why.</param>
    protected internal abstract void CloseConnection(int code, string reason);

    /// <summary>A subscription's place in its outlet has changed.</summary>
    internal void SlotMoved(int entryIndex, int slot) => _entries[entryIndex].Slot = slot;

    /// <summary>Ends a subscription by its place.</summary>
    internal void Drop(int index)
    {
        TopicEntry entry = _entries[index];
        _behindCount -= entry.State == TopicEntryState.Live ? 0 : 1;
        entry.Outlet.Remove(entry.Slot);
        int last = --_count;
        if (index != last)
        {
            _entries[index] = _entries[last];
            _entries[index].Outlet.EntryMoved(_entries[index].Slot, index);
        }

        _entries[last] = default;
        if (entry.IsMember)
        {
            entry.Outlet.Topic.Presence!.Leave(MemberName!);
        }

        entry.Outlet.Topic.Detach(entry.Outlet);
    }

    private SubscribeResult Begin(TopicOutlet outlet, TopicPosition? after, int lastCount)
    {
        Topic topic = outlet.Topic;
        if (topic.Options.MinInterval == TimeSpan.Zero)
        {
            // What was published before now goes to those who were here before now.
            outlet.Deliver();
        }

        var entry = new TopicEntry { Outlet = outlet, Offset = outlet.Offset, Life = ++_lives };
        SubscribeStatus status = SubscribeStatus.Subscribed;
        int recovered = 0;
        long? lost = null;
        lock (topic.Gate)
        {
            TopicLog log = topic.Log;
            log.ForgetOld();
            if (after is { IsNone: false } position)
            {
                bool isOurs = position.Epoch == topic.Epoch && position.Offset <= log.Head;
                bool isKept = topic.Options.Kind == TopicKind.Ephemeral ? position.Offset == log.Head : position.Offset >= log.Floor;
                status = isOurs && isKept ? SubscribeStatus.Recovered : SubscribeStatus.Lost;
                entry.Offset = status == SubscribeStatus.Recovered ? position.Offset : FirstOffset(topic, position);
                lost = isOurs && !isKept && log.HasOwnOffsets ? (long)(entry.Offset - position.Offset) : null;
            }
            else if (topic.Options.Kind == TopicKind.Latest)
            {
                entry.Offset = 0;
            }

            bool isWithoutPosition = status == SubscribeStatus.Subscribed || (status == SubscribeStatus.Lost && after!.Value.Epoch != topic.Epoch);
            bool hasLast = lastCount > 0 && topic.Options.Kind == TopicKind.Stream && isWithoutPosition;
            if (hasLast)
            {
                entry.Offset = Math.Max(log.Floor, log.Head - Math.Min((ulong)lastCount, log.Head));
            }

            entry.Floor = log.Floor;
            recovered = status == SubscribeStatus.Subscribed && !hasLast ? 0 : Math.Max(log.CountAfter(entry.Offset) - log.CountAfter(outlet.Offset), 0);
        }

        if (entry.Offset > outlet.Offset)
        {
            // A cursor is never ahead of its outlet.
            outlet.Deliver();
        }

        bool hasUsablePosition = status == SubscribeStatus.Recovered;
        bool mustJoin = !hasUsablePosition && topic.Options.GetState is not null;
        entry.State = mustJoin ? TopicEntryState.Joining : entry.Offset < outlet.Offset ? TopicEntryState.Behind : TopicEntryState.Live;
        Add(entry);
        _hub.CountRecovery(status);
        if (mustJoin)
        {
            recovered = 0;
            Join(outlet, attempts: 1);
        }
        else if (entry.State == TopicEntryState.Behind)
        {
            _loop.Schedule(this);
        }

        return new SubscribeResult(
            status, topic.Options.Kind, topic.PositionAt(outlet.Offset), recovered, status == SubscribeStatus.Lost ? after!.Value : default, lost, topic.Number);
    }

    /// <summary>Where a subscriber goes on that has lost something: with what is kept of the same life of the topic and is new to it; with the whole state of a latest topic.</summary>
    private static ulong FirstOffset(Topic topic, TopicPosition lost)
        => topic.Options.Kind switch
        {
            TopicKind.Latest => 0,
            TopicKind.Stream when lost.Epoch == topic.Epoch && lost.Offset < topic.Log.Floor => topic.Log.Floor,

            // A position of another life says nothing about this one: what is kept may all be new to the peer, or none of it.
            _ => topic.Log.Head,
        };

    private void Add(TopicEntry entry)
    {
        if (MemberName is { } member && entry.Outlet.Topic.Options.Presence is not null)
        {
            entry.IsMember = true;
            entry.Outlet.Topic.Join(member, MemberInfo);
        }

        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count < 2 ? _count + 1 : _count + 2 + (_count / 4));
        }

        _entries[_count] = entry;
        int index = _count++;
        _behindCount += entry.State == TopicEntryState.Live ? 0 : 1;
        int slot = entry.Outlet.Add(this, index, entry.State == TopicEntryState.Live);
        _entries[index].Slot = slot;
    }

    private static ulong OffsetOf(in TopicEntry entry) => entry.State == TopicEntryState.Live ? entry.Outlet.Offset : entry.Offset;

    private int FindEntry(string topic)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_entries[i].Outlet.Topic.Name == topic)
            {
                return i;
            }
        }

        return -1;
    }

    private int FindEntry(Topic topic)
    {
        for (int i = 0; i < _count; i++)
        {
            if (ReferenceEquals(_entries[i].Outlet.Topic, topic))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The same subscription; none when it has ended in the meantime, also when another one to the topic has begun.</summary>
    private int FindEntry(in TopicEntry known)
    {
        int index = FindEntry(known.Outlet.Topic);
        return index >= 0 && _entries[index].Life == known.Life ? index : -1;
    }

    private void CheckLoop()
    {
        if (!Connection.IsOnLoop)
        {
            throw new InvalidOperationException("Subscriptions belong to the connection's loop; use Post to get there.");
        }
    }
}
