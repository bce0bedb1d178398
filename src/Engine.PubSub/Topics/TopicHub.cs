using System.Collections.Concurrent;

namespace Engine.PubSub;

/// <summary>
/// Topics, and the connections that listen to them. A topic is a bounded log of messages, each encoded once for each wire; a subscriber is a cursor into it.
/// Live delivery, a slow reader, replay and reconnect are one path, on which nothing is lost without being told. Any thread; a publisher never waits for a subscriber.
/// </summary>
/// <remarks>
/// Messages of one topic reach every subscriber in the order of their positions. One hub may serve several servers and several wires at once. It holds no thread;
/// one timer forgets what is too old.
/// </remarks>
public sealed partial class TopicHub : IDisposable
{
    private readonly ConcurrentDictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly TopicNotices _notices;
    private readonly LoopLocal<TopicLoop> _loops;
    private Topic[] _patterns = [];
    private ITimer? _sweeper;
    private ulong _nextEpoch = TopicEpochs.First();
    private long _subscriberNumber;
    private int _patternsVersion;
    private int _nextNumber;
    private volatile bool _isDisposed;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public TopicHub(TopicHubOptions? options = null)
    {
        Options = (options ?? new TopicHubOptions()).Freeze();
        Metrics = new TopicMetrics(this);
        _notices = new TopicNotices(ReportError);
        _loops = new LoopLocal<TopicLoop>(loop => new TopicLoop(this, loop));
        _backplanes = MakeBackplanes();
    }

    /// <summary>A topic or pattern has its first subscriber. Raised one at a time, in order, a moment later, on a thread of the pool.</summary>
    public event Action<string>? TopicActivated;

    /// <summary>A topic or pattern has lost its last subscriber. Raised as <see cref="TopicActivated"/> is.</summary>
    public event Action<string>? TopicDeactivated;

    /// <summary>The hub's figures.</summary>
    public TopicMetrics Metrics { get; }

    /// <summary>The names of the topics that have subscribers or messages, and of the patterns that are subscribed to; copied, in no order.</summary>
    public IReadOnlyCollection<string> Topics => [.. _topics.Keys];

    internal TopicHubOptions Options { get; }

    internal int PatternsVersion => Volatile.Read(ref _patternsVersion);

    /// <summary>Publishes bytes.</summary>
    /// <param name="topic">The topic; it need not have subscribers.</param>
    /// <param name="payload">The message; copied.</param>
    /// <param name="kind">What the bytes are.</param>
    public PublishResult Publish(string topic, ReadOnlySpan<byte> payload, PayloadKind kind = PayloadKind.Binary)
        => Publish(topic, payload, new TopicMessage(default, kind), except: 0);

    /// <summary>Publishes text.</summary>
    public PublishResult Publish(string topic, string text) => Publish(topic, new TopicMessage(text));

    /// <summary>
    /// Publishes a message. The topic has it when the call returns, and every subscriber gets it, is told of a gap, or has ended. Those on the calling loop get it
    /// later in the same turn; several publications of a turn leave in one send.
    /// </summary>
    /// <exception cref="ArgumentException">The message is a removal, and the topic is no latest topic; or the event type would end its line.</exception>
    public PublishResult Publish(string topic, in TopicMessage message) => Publish(topic, message, except: 0);

    /// <summary>How many connections are subscribed to a topic or pattern, those of matching patterns not counted.</summary>
    public int SubscriberCount(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return _topics.TryGetValue(topic, out Topic? found) ? found.SubscriberCount : 0;
    }

    /// <summary>The newest position of a topic; no position when it has neither subscribers nor messages.</summary>
    public TopicPosition PositionOf(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        if (!_topics.TryGetValue(topic, out Topic? found))
        {
            return default;
        }

        lock (found.Gate)
        {
            return found.PositionAt(found.Log.Head);
        }
    }

    /// <summary>
    /// The newest position of a topic, which is made if there is none: a page that is rendered with it, and subscribes after it, misses nothing in between.
    /// No position when the topic may not be made.
    /// </summary>
    public TopicPosition TakePosition(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        TryGetOrAdd(topic, isForSubscriber: false, out _);
        return PositionOf(topic);
    }

    /// <summary>
    /// Runs <paramref name="visit"/> for each subscriber of a topic or pattern, on its own loop, a moment later. It may subscribe, unsubscribe, publish and close.
    /// </summary>
    public void ForEach(string topic, Action<TopicSubscriber> visit)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentNullException.ThrowIfNull(visit);
        if (!_topics.TryGetValue(topic, out Topic? found))
        {
            return;
        }

        foreach (TopicOutlet outlet in found.Outlets)
        {
            outlet.Loop.Post(_ => outlet.ForEach(Visit, visit), null);
        }
    }

    /// <summary>Closes the connections of all subscribers of a topic or pattern.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="code">A WebSocket's close code (1000, 3000 to 4999); other wires end their streams.</param>
    /// <param name="reason">At most 123 bytes of UTF-8.</param>
    public void CloseAll(string topic, int code = 1000, string reason = "")
    {
        ArgumentNullException.ThrowIfNull(reason);
        ForEach(topic, subscriber => subscriber.CloseConnection(code, reason));
    }

    /// <summary>Ends every subscription, without closing a connection, and forgets all messages. What is published later is refused.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _sweeper?.Dispose();
        }

        foreach (Topic topic in _topics.Values)
        {
            topic.Retire();
            foreach (TopicOutlet outlet in topic.Outlets)
            {
                outlet.Loop.Post(_ => outlet.ForEach(static (subscriber, name) => subscriber.Unsubscribe(name), topic.Name), null);
            }
        }

        _topics.Clear();
        DisposeBackplanes();
        Metrics.Dispose();
    }

    internal PublishResult Publish(string topic, in TopicMessage message, long except) => Publish(topic, message.Payload.Span, message, except);

    internal PublishResult Publish(string topic, ReadOnlySpan<byte> payload, in TopicMessage message, long except)
        => IsPresenceTopic(topic) ? Refused(PublishStatus.InvalidTopic)
            : _backplanes.Length > 0 ? PublishOverBackplane(topic, payload, message, except)
            : PublishAnywhere(topic, payload, message, except);

    private static PublishResult Refused(PublishStatus status) => new(status, default, 0, 0, 0);

    private static void Check(in TopicMessage message)
    {
        if (message.EventType.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0)
        {
            throw new ArgumentException("An event type holds no CR, LF or NUL.", nameof(message));
        }
    }

    private PublishResult PublishAnywhere(string topic, ReadOnlySpan<byte> payload, in TopicMessage message, long except)
    {
        Check(message);
        if (payload.Length > Options.MaxMessageBytes)
        {
            return Refused(PublishStatus.TooLarge);
        }

        while (true)
        {
            SubscribeStatus status = TryGetOrAdd(topic, isForSubscriber: false, out Topic? found);
            if (found is null)
            {
                return Refused(Refusal(status));
            }

            if (message.IsRemoval && found.Options.Kind != TopicKind.Latest)
            {
                throw new ArgumentException("Only keys of a latest topic are removed.", nameof(message));
            }

            var publication = new Publication(found.Name, SharedSegment.Copy(payload), message, except)
            {
                TopicNumber = found.Number,
                TopicKind = found.Options.Kind,
            };
            if (found.TryPublish(publication, message, out PublishResult result))
            {
                return result;
            }

            // The topic was retired between the look and the append.
            publication.Release();
        }
    }

    /// <summary>Finds a topic or makes it. Null with the reason when it may not be.</summary>
    internal SubscribeStatus TryGetOrAdd(string name, bool isForSubscriber, out Topic? topic)
    {
        topic = null;
        if (_isDisposed)
        {
            return SubscribeStatus.Closed;
        }

        if (name is not null && _topics.TryGetValue(name, out topic))
        {
            if (!topic.IsPattern || isForSubscriber)
            {
                return SubscribeStatus.Subscribed;
            }

            topic = null;
            return SubscribeStatus.InvalidTopic;
        }

        if (!TopicPattern.IsValidName(name, Options.MaxTopicNameBytes))
        {
            return SubscribeStatus.InvalidTopic;
        }

        bool isPattern = TopicPattern.IsPattern(name);
        if (isPattern && (!isForSubscriber || Options.Wildcards is null || !TopicPattern.IsWellFormed(name)))
        {
            return SubscribeStatus.InvalidTopic;
        }

        return Add(name!, isPattern, out topic);
    }

    /// <summary>The hub's side of a loop. On that loop.</summary>
    internal TopicLoop LoopOf(LoopRef loop) => _loops.On(loop);

    internal long NextSubscriberNumber() => Interlocked.Increment(ref _subscriberNumber);

    internal Topic[] PatternsFor(string name) => Array.FindAll(Volatile.Read(ref _patterns), pattern => TopicPattern.Matches(pattern.Name, name));

    internal void OnActivated(Topic topic) => _notices.Add(this, topic.Name, isActivation: true);

    internal void OnDeactivated(Topic topic) => _notices.Add(this, topic.Name, isActivation: false);

    internal void Notify(string topic, bool isActivation) => (isActivation ? TopicActivated : TopicDeactivated)?.Invoke(topic);

    internal void ReportError(Exception exception) => Options.OnError?.Invoke(exception);

    internal int TopicCount => _topics.Count;

    internal long CountBehind()
    {
        var counts = default(OutletCounts);
        foreach (Topic topic in _topics.Values)
        {
            foreach (TopicOutlet outlet in topic.Outlets)
            {
                counts.Behind += Math.Max(outlet.Count - outlet.LiveCount, 0);
            }
        }

        return counts.Behind;
    }

    private static PublishStatus Refusal(SubscribeStatus status)
        => status switch
        {
            SubscribeStatus.Closed => PublishStatus.Closed,
            SubscribeStatus.TooManyTopics => PublishStatus.TooManyTopics,
            _ => PublishStatus.InvalidTopic,
        };

    private void Visit(TopicSubscriber subscriber, Action<TopicSubscriber> visit)
    {
        try
        {
            visit(subscriber);
        }
        catch (Exception exception)
        {
            ReportError(exception);
        }
    }

    private SubscribeStatus Add(string name, bool isPattern, out Topic? topic)
    {
        lock (_gate)
        {
            topic = null;
            if (_isDisposed)
            {
                return SubscribeStatus.Closed;
            }

            if (_topics.TryGetValue(name, out topic))
            {
                return SubscribeStatus.Subscribed;
            }

            if (_topics.Count >= Options.MaxTopics && !MakeRoom())
            {
                return SubscribeStatus.TooManyTopics;
            }

            TopicOptions options = OptionsFor(name, isPattern);
            topic = new Topic(this, name, isPattern, options, _nextEpoch++, ++_nextNumber) { Link = MakeLink(name, isPattern, options) };
            topic.Link?.SetTopic(topic);
            _topics[name] = topic;
            if (isPattern)
            {
                _patterns = [.. _patterns, topic];
                Interlocked.Increment(ref _patternsVersion);
            }

            // An ever-running timer would keep a hub alive that nobody disposed of, but not one without topics.
            _sweeper ??= Options.Clock.CreateTimer(static state => ((TopicHub)state!).Sweep(), this, SweepInterval, SweepInterval);
            return SubscribeStatus.Subscribed;
        }
    }

    private TopicOptions OptionsFor(string name, bool isPattern)
    {
        if (isPattern)
        {
            return Options.Wildcards!;
        }

        if (PresenceTopicOptions(name) is { } presence)
        {
            return presence;
        }

        return RuleFor(name);
    }

    private TopicOptions RuleFor(string name)
    {
        foreach ((string pattern, TopicOptions options) in Options.Rules)
        {
            if (TopicPattern.Matches(pattern, name))
            {
                return options;
            }
        }

        return Options.Default;
    }
}
