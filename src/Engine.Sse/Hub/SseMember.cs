namespace Engine.Sse;

/// <summary>One stream of a session, and what it is subscribed to. The subscriptions belong to its loop.</summary>
/// <param name="session">The session.</param>
/// <param name="connection">The connection that carries the stream.</param>
internal sealed class SseMember<TSession>(SseSession<TSession> session, Connection connection)
{
    private SseStream? _started;
    private SseHubSubscriber? _channels;
    private SseHubSubscriber? _own;
    private bool _isGone;

    public SseSession<TSession> Session => session;

    public Connection Connection => connection;

    /// <summary>Null until the response has begun. Under the hub's lock.</summary>
    public SseStream? Stream { get; set; }

    /// <summary>Whether the stream is to end, also when it has not begun yet. Under the hub's lock.</summary>
    public bool IsDismissed { get; set; }

    /// <summary>Whether something had been sent to everybody when the member came. Under the hub's lock.</summary>
    public bool CameAfterFirstToAll { get; init; }

    /// <summary>Whether something had been sent to the session by its id when the member came. Under the hub's lock.</summary>
    public bool CameAfterFirstToSession { get; init; }

    /// <summary>Subscribes to the channels. Returns what refused one. Loop only.</summary>
    public SubscribeStatus Begin(SseHubTopics topics, IEnumerable<SseWantedTopic> wanted)
    {
        if (_isGone)
        {
            return SubscribeStatus.Closed;
        }

        _channels = new SseHubSubscriber(topics, connection);
        return _channels.Begin(wanted);
    }

    /// <summary>Follows the session's channels. Before the beginning it does nothing, because that looks at them itself. Loop only.</summary>
    public void Update(IReadOnlyCollection<SseWantedTopic> wanted) => _channels?.Update(wanted);

    /// <summary>Subscribes to what is sent to the session by its id. Loop only.</summary>
    public void Hear(SseHubTopics topics, in SseWantedTopic own)
    {
        if (_isGone || _own is not null)
        {
            return;
        }

        _own = new SseHubSubscriber(topics, connection);
        if (_started is not null)
        {
            _own.Start(_started);
        }

        _own.Update([own]);
    }

    /// <summary>The response has begun: events leave from now on. Loop only.</summary>
    public void Start(SseStream stream)
    {
        _started = stream;
        _channels?.Start(stream);
        _own?.Start(stream);
    }

    /// <summary>The stream has ended. Loop only.</summary>
    public void Close()
    {
        _isGone = true;
        _channels?.Close();
        _own?.Close();
    }

    /// <summary>Runs at once on the member's loop, else a moment later there.</summary>
    public void OnLoop(Action work)
    {
        if (connection.IsOnLoop)
        {
            work();
        }
        else
        {
            connection.Post(static state => ((Action)state!)(), work);
        }
    }

    /// <summary>Runs on the member's loop.</summary>
    public Task<TResult> OnLoopAsync<TResult>(Func<TResult> work)
    {
        if (connection.IsOnLoop)
        {
            return Task.FromResult(work());
        }

        var done = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Post(
            _ =>
            {
                try
                {
                    done.SetResult(work());
                }
                catch (Exception exception)
                {
                    done.SetException(exception);
                }
            },
            null);
        return done.Task;
    }
}
