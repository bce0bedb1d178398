namespace Engine.Sse;

/// <summary>What a hub remembers, how many it serves, and what becomes of the slow. Read when the hub is made.</summary>
/// <typeparam name="TSession">What the application knows of a client.</typeparam>
public sealed class SseHubOptions<TSession>
{
    /// <summary>Makes the history of a channel from its name; null, or answering null, remembers nothing. By default the last 1000 events, 1 MB, 5 minutes of each channel.</summary>
    public Func<string, ISseHistory?>? CreateHistory { get; set; } = static _ => new SseHistory(maxAge: TimeSpan.FromMinutes(5));

    /// <summary>Name of the event that tells a client that what it missed is no longer remembered; its data is the id that the client came with. Null, the default, tells nothing.</summary>
    public string? HistoryLostEventType { get; set; }

    /// <summary>What becomes of events for a stream whose queue is full: <see cref="BackpressurePolicy.DropNewest"/> by default. A publisher never waits.</summary>
    public BackpressurePolicy SlowConsumers { get; set; } = BackpressurePolicy.DropNewest;

    /// <summary>Events that wait outside the queue for a slow stream under <see cref="BackpressurePolicy.DropOldest"/>, or for one that is being replayed to; 64 by default.</summary>
    public int MaxPendingEvents { get; set; } = 64;

    /// <summary>Sessions at once; 0, the default, means no limit. One more is answered with 503 and <c>Retry-After</c>.</summary>
    public int MaxSessions { get; set; }

    /// <summary>Streams of one session at once; 16 by default. One more is answered with 503 and <c>Retry-After</c>.</summary>
    public int MaxStreamsPerSession { get; set; } = 16;

    /// <summary>Sessions in one channel at once; 0, the default, means no limit. A ticket for a full channel is answered with 503 and <c>Retry-After</c>.</summary>
    public int MaxSessionsPerChannel { get; set; }

    /// <summary>Channels that one session may be in; 100 by default.</summary>
    public int MaxChannelsPerSession { get; set; } = 100;

    /// <summary>Channels at once, those with a history and no members counted; 10,000 by default. A ticket for one more is answered with 503.</summary>
    public int MaxChannels { get; set; } = 10_000;

    /// <summary>A session's first stream has begun. Where the server's handlers run: on that connection's loop, or on the thread pool.</summary>
    public Action<SseSession<TSession>>? OnConnected { get; set; }

    /// <summary>A session's last stream has ended; it is in no channel any more. Where the server's handlers run.</summary>
    public Action<SseSession<TSession>>? OnDisconnected { get; set; }

    internal SseHubOptions<TSession> Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxPendingEvents, 1, nameof(MaxPendingEvents));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSessions, nameof(MaxSessions));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxStreamsPerSession, 1, nameof(MaxStreamsPerSession));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSessionsPerChannel, nameof(MaxSessionsPerChannel));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxChannelsPerSession, nameof(MaxChannelsPerSession));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxChannels, 1, nameof(MaxChannels));
        if (SlowConsumers == BackpressurePolicy.Wait)
        {
            throw new ArgumentException("A hub never waits for a client: drop or disconnect.", nameof(SlowConsumers));
        }

        if (HistoryLostEventType is { } type)
        {
            SseFormatter.Check(new SseEvent(null) { EventType = type });
        }

        return (SseHubOptions<TSession>)MemberwiseClone();
    }
}
