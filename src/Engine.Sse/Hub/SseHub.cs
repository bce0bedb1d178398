using System.Diagnostics.CodeAnalysis;

namespace Engine.Sse;

/// <summary>
/// Sessions and channels: sends events to one client, to many, to the members of a channel or to all, each formatted once. Events of channels that remember
/// carry an id, so that a client that comes back gets what it missed, in order, once. Any thread; a publisher never waits for a client.
/// Mapped by <see cref="SseHubRoutes.MapSseHub{TSession}"/>.
/// </summary>
/// <remarks>
/// One lock a hub orders publications and memberships: ids rise on every stream, whatever channels it listens to, which is what makes one
/// <c>Last-Event-ID</c> enough. Events to sessions, and of channels without a history, carry no id and are not replayed.
/// </remarks>
/// <typeparam name="TSession">What the application knows of a client.</typeparam>
public sealed partial class SseHub<TSession> : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SseHubOptions<TSession> _options;
    private readonly Dictionary<string, SseSession<TSession>> _sessions = [];
    private readonly Dictionary<string, SseChannel<TSession>> _channels = [];
    private readonly SseChannel<TSession> _everybody;
    private readonly SseEventIds _ids = new();
    private readonly string _blankId;
    private readonly EventBufferPool _buffers = new();
    private readonly List<SseInbox<TSession>> _inboxes = [];
    private readonly Action<int> _countDropped;
    private long _sequence;
    private long _forgottenFloor;
    private long _droppedCount;
    private int _streamCount;
    private bool _isDisposed;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public SseHub(SseHubOptions<TSession>? options = null)
    {
        _options = (options ?? new SseHubOptions<TSession>()).Freeze();
        _everybody = new SseChannel<TSession>("", _options.CreateHistory?.Invoke(""), floor: 0);
        _blankId = _ids.Blank;
        _countDropped = count => Interlocked.Add(ref _droppedCount, count);
    }

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

    /// <summary>Channels with members or with something remembered.</summary>
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

    /// <summary>Events that slow streams did not get, since the hub was made.</summary>
    public long DroppedCount => Interlocked.Read(ref _droppedCount);

    /// <summary>Finds a session that has a stream open.</summary>
    public bool TryGetSession(string sessionId, [NotNullWhen(true)] out SseSession<TSession>? session)
    {
        lock (_gate)
        {
            return _sessions.TryGetValue(sessionId, out session);
        }
    }

    /// <summary>Makes a session a member of a channel, from now on. False when there is no such session, or a limit is reached; true when it was a member.</summary>
    public bool TryJoin(string sessionId, string channel)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        lock (_gate)
        {
            if (!_sessions.TryGetValue(sessionId, out SseSession<TSession>? session))
            {
                return false;
            }

            string[] channels = [channel];
            if (!HasRoom(session, channels))
            {
                return false;
            }

            Join(session, channels);
            return true;
        }
    }

    /// <summary>Ends a membership. False when there was none.</summary>
    public bool Leave(string sessionId, string channel)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        lock (_gate)
        {
            return _sessions.TryGetValue(sessionId, out SseSession<TSession>? session)
                && _channels.TryGetValue(channel, out SseChannel<TSession>? found)
                && Leave(session, found);
        }
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
            _everybody.History?.Clear();
            foreach (SseChannel<TSession> channel in _channels.Values)
            {
                channel.History?.Clear();
            }
        }

        Close(streams);
    }

    /// <summary>Dismisses all members of some sessions, and answers the streams that have begun: the others see it when they do.</summary>
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

    /// <summary>Whether a session, or one to come (null), may join the channels it is not in yet.</summary>
    private bool HasRoom(SseSession<TSession>? session, IReadOnlyCollection<string> names)
    {
        int joining = 0;
        int created = 0;
        foreach (string name in names)
        {
            bool exists = _channels.TryGetValue(name, out SseChannel<TSession>? channel);
            if (exists && session is not null && session.Channels.Contains(channel!))
            {
                continue;
            }

            joining++;
            created += exists ? 0 : 1;
            if (exists && _options.MaxSessionsPerChannel > 0 && channel!.Sessions.Count >= _options.MaxSessionsPerChannel)
            {
                return false;
            }
        }

        // Everybody's channel is not counted.
        int joined = session is null ? 0 : session.Channels.Count - 1;
        if (joined + joining > _options.MaxChannelsPerSession)
        {
            return false;
        }

        if (_channels.Count + created > _options.MaxChannels)
        {
            ForgetChannels(names);
        }

        return _channels.Count + created <= _options.MaxChannels;
    }

    private void Join(SseSession<TSession> session, IReadOnlyCollection<string> names)
    {
        foreach (string name in names)
        {
            SseChannel<TSession> channel = GetOrAddChannel(name);
            channel.Sessions.Add(session);
            channel.Audience = null;
            session.Channels.Add(channel);
        }
    }

    private bool Leave(SseSession<TSession> session, SseChannel<TSession> channel)
    {
        bool wasMember = channel.Sessions.Remove(session);
        channel.Audience = null;
        session.Channels.Remove(channel);
        if (channel != _everybody && channel.CanBeForgotten)
        {
            Forget(channel);
        }

        return wasMember;
    }

    private SseChannel<TSession> GetOrAddChannel(string name)
    {
        if (!_channels.TryGetValue(name, out SseChannel<TSession>? channel))
        {
            channel = new SseChannel<TSession>(name, _options.CreateHistory?.Invoke(name), _forgottenFloor);
            _channels.Add(name, channel);
        }

        return channel;
    }

    private void ForgetChannels(IReadOnlyCollection<string> except)
    {
        foreach (SseChannel<TSession> channel in _channels.Values.Where(channel => channel.CanBeForgotten && !except.Contains(channel.Name)).ToArray())
        {
            Forget(channel);
        }
    }

    private void Forget(SseChannel<TSession> channel)
    {
        _channels.Remove(channel.Name);
        if (channel.LastSequence > 0)
        {
            _forgottenFloor = Math.Max(_forgottenFloor, channel.LastSequence);
        }
    }
}
