using System.Diagnostics.CodeAnalysis;

namespace Engine.Sse;

/// <summary>
/// Sessions and channels: sends events to one client, to many, to the members of a channel or to all. A channel is a topic (<see cref="TopicHub"/>) of its name, so
/// a slow client goes on where it stopped, one that comes back gets what it missed, in order, once, and what is lost is told. Any thread; a publisher never waits
/// for a client. Mapped by <see cref="SseHubRoutes.MapSseHub{TSession}"/>.
/// </summary>
/// <remarks>
/// Events of one channel reach every stream in their order; those of several have no order among them. An id says where each channel of the stream stands, so that
/// one <c>Last-Event-ID</c> is enough. What is sent to a session by its id carries no id and is not sent again.
/// </remarks>
/// <typeparam name="TSession">What the application knows of a client.</typeparam>
public sealed partial class SseHub<TSession> : IDisposable
{
    /// <summary>What is kept of what is sent to one session, for its streams that are slow.</summary>
    private static readonly TopicOptions OwnTopicOptions = new(TopicKind.Stream) { MaxBytes = 1 << 18, MaxAge = TimeSpan.FromMinutes(1) };

    private readonly Lock _gate = new();
    private readonly SseHubOptions<TSession> _options;
    private readonly Dictionary<string, SseSession<TSession>> _sessions = [];
    private readonly Dictionary<string, int> _channels = [];
    private readonly EventBufferPool _buffers = new();
    private readonly SseHubTopics _channelTopics;
    private readonly SseHubTopics _ownTopics;
    private readonly bool _hasBackplane;

    /// <summary>Whether streams are subscribed to what is sent to everybody before anything is: other nodes may send, or it keeps nothing for those that come later.</summary>
    private readonly bool _hearsAllAtOnce;

    /// <summary>The position before the first event to everybody.</summary>
    private TopicPosition _allFrom;
    private int _hasSentToAll;
    private long _lastOwnTopic;
    private int _streamCount;
    private bool _isDisposed;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public SseHub(SseHubOptions<TSession>? options = null)
    {
        _options = (options ?? new SseHubOptions<TSession>()).Freeze();
        var names = new SseEventNames(_options.GapEventType, _options.RemovalEventType, ByTopic: false);
        names.Check();
        TopicOptions all = _options.Topics.Default.Kind == TopicKind.Latest ? new TopicOptions(TopicKind.Stream) : _options.Topics.Default;
        TopicHubOptions topics = new TopicHubOptions(_options.Topics).AddFirst(SseHubTopics.Everybody, all);
        topics.MaxSubscriptionsPerConnection = Math.Max(topics.MaxSubscriptionsPerConnection, _options.MaxChannelsPerSession + 1);
        _hasBackplane = topics.Backplane is not null;
        _hearsAllAtOnce = _hasBackplane || all.Kind != TopicKind.Stream;
        Topics = new TopicHub(topics);
        _channelTopics = new SseHubTopics(Topics, names, _options.MaxExactChannels, _options.CheckpointInterval, arePrivate: false);
        var own = new TopicHub(new TopicHubOptions { Default = OwnTopicOptions, MaxTopics = int.MaxValue, Clock = topics.Clock });
        _ownTopics = new SseHubTopics(own, names, _options.MaxExactChannels, _options.CheckpointInterval, arePrivate: true);
    }

    /// <summary>The topics that the channels are, for WebSockets that listen to them too and for the hub's figures. Disposed with the hub.</summary>
    public TopicHub Topics { get; }

    /// <summary>Sessions with a stream open.</summary>
    public int SessionCount
    {
        get
        {
            lock (_gate)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>Streams open.</summary>
    public int StreamCount => Volatile.Read(ref _streamCount);

    /// <summary>Channels with members.</summary>
    public int ChannelCount
    {
        get
        {
            lock (_gate)
            {
                return _channels.Count;
            }
        }
    }

    /// <summary>Finds a session that has a stream open.</summary>
    public bool TryGetSession(string sessionId, [NotNullWhen(true)] out SseSession<TSession>? session)
    {
        lock (_gate)
        {
            return _sessions.TryGetValue(sessionId, out session);
        }
    }

    /// <summary>
    /// Makes a session a member of a channel: of its streams, those of the calling loop at once, the others a moment later. False when there is no such session, or
    /// a limit is reached; true when it was a member. A stream that cannot follow ends, so that its client comes back and is refused or let in then.
    /// </summary>
    public bool TryJoin(string sessionId, string channel)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        SseMember<TSession>[] members;
        lock (_gate)
        {
            if (!_sessions.TryGetValue(sessionId, out SseSession<TSession>? session) || !HasRoom(session, [channel]))
            {
                return false;
            }

            Join(session, [channel]);
            members = [.. session.Members];
        }

        Array.ForEach(members, Update);
        return true;
    }

    /// <summary>Ends a membership, as <see cref="TryJoin"/> begins it. False when there was none.</summary>
    public bool Leave(string sessionId, string channel)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        SseMember<TSession>[] members;
        lock (_gate)
        {
            if (!_sessions.TryGetValue(sessionId, out SseSession<TSession>? session) || !session.Channels.Remove(channel))
            {
                return false;
            }

            CountOut(channel);
            members = [.. session.Members];
        }

        Array.ForEach(members, Update);
        return true;
    }

    /// <summary>
    /// The id of a client that has everything of some channels up to now. A page that is rendered with their state connects with it (<c>?last_event_id=</c>), and
    /// misses nothing in between.
    /// </summary>
    public string TakeId(params IReadOnlyCollection<string> channels)
    {
        ArgumentNullException.ThrowIfNull(channels);
        bool hasAll = _hearsAllAtOnce || Volatile.Read(ref _hasSentToAll) != 0;
        return SseHubIds.Format(channels
            .Concat(hasAll ? [SseHubTopics.Everybody] : Array.Empty<string>())
            .Select(channel => (channel, Topics.TakePosition(channel)))
            .Where(static place => !place.Item2.IsNone));
    }

    /// <summary>Ends every stream of a session. Its clients come back, unless they are refused then. False when there is no such session.</summary>
    public bool Disconnect(string sessionId)
    {
        SseStream[] streams;
        lock (_gate)
        {
            if (!_sessions.TryGetValue(sessionId, out SseSession<TSession>? session))
            {
                return false;
            }

            streams = Dismiss([session]);
        }

        Close(streams);
        return true;
    }

    /// <summary>Ends every stream and forgets what was remembered. What is published later reaches nobody.</summary>
    public void Dispose()
    {
        SseStream[] streams;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            streams = Dismiss(_sessions.Values);
        }

        Close(streams);
        Topics.Dispose();
        _ownTopics.Hub.Dispose();
    }

    /// <summary>Dismisses all members of some sessions, and returns the streams that have begun: the others see it when they do.</summary>
    private static SseStream[] Dismiss(IEnumerable<SseSession<TSession>> sessions)
    {
        var streams = new List<SseStream>();
        foreach (SseMember<TSession> member in sessions.SelectMany(static session => session.Members))
        {
            member.IsDismissed = true;
            if (member.Stream is { } stream)
            {
                streams.Add(stream);
            }
        }

        return [.. streams];
    }

    /// <summary>Outside the lock: whoever waits for the end may run at once.</summary>
    private static void Close(SseStream[] streams)
    {
        foreach (SseStream stream in streams)
        {
            stream.Close();
        }
    }

    private static bool IsReserved(string channel) => channel.StartsWith(SseHubTopics.ReservedPrefix, StringComparison.Ordinal);

    /// <summary>Whether a session, or one to come (null), may join the channels it is not in yet.</summary>
    private bool HasRoom(SseSession<TSession>? session, IReadOnlyCollection<string> names)
    {
        int joining = 0;
        int created = 0;
        foreach (string name in names)
        {
            if (IsReserved(name))
            {
                return false;
            }

            if (session is not null && session.Channels.Contains(name))
            {
                continue;
            }

            int members = _channels.GetValueOrDefault(name);
            joining++;
            created += members == 0 ? 1 : 0;
            if (_options.MaxSessionsPerChannel > 0 && members >= _options.MaxSessionsPerChannel)
            {
                return false;
            }
        }

        return (session?.Channels.Count ?? 0) + joining <= _options.MaxChannelsPerSession && _channels.Count + created <= _options.MaxChannels;
    }

    private void Join(SseSession<TSession> session, IReadOnlyCollection<string> names)
    {
        foreach (string name in names)
        {
            if (session.Channels.Add(name))
            {
                _channels[name] = _channels.GetValueOrDefault(name) + 1;
            }
        }
    }

    private void CountOut(string channel)
    {
        if (--_channels[channel] == 0)
        {
            _channels.Remove(channel);
        }
    }
}
