namespace Engine.Sse;

/// <summary>What a hub remembers and how many it serves. Read when the hub is made.</summary>
/// <typeparam name="TSession">What the application knows of a client.</typeparam>
public sealed class SseHubOptions<TSession>
{
    /// <summary>
    /// What the channels are: each is a topic of its name. By default a channel is a stream of the last 1,000 events, 1 MiB, 5 minutes; options of your own make
    /// ephemeral ones unless <see cref="TopicHubOptions.Default"/> says otherwise. An ephemeral channel's events carry no id, and a client that comes back goes on
    /// with the next one.
    /// </summary>
    public TopicHubOptions Topics { get; set; } = new() { Default = new TopicOptions(TopicKind.Stream) };

    /// <summary>
    /// The type of the event that tells of a loss, <c>gap</c> by default. Its data is JSON: the channel (<c>topic</c>), the position after which events are
    /// missing, the position up to which they are, and how many where that is known. What was sent to everybody or to the session names no channel.
    /// </summary>
    public string GapEventType { get; set; } = "gap";

    /// <summary>The type of the event that tells that a key of a latest channel has no value any more, <c>removed</c> by default. Its data is the key.</summary>
    public string RemovalEventType { get; set; } = "removed";

    /// <summary>
    /// Channels with positions up to which each event of a stream carries all of them, so that a client that comes back gets nothing twice; 8 by default, at most
    /// 64. In more channels the positions are sent as a checkpoint now and then, and what came after the last one is sent again.
    /// </summary>
    public int MaxExactChannels { get; set; } = 8;

    /// <summary>How long events of a stream of more channels go without a checkpoint; 1 second by default.</summary>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Sessions at once; 0, the default, means no limit. One more is answered with 503 and <c>Retry-After</c>.</summary>
    public int MaxSessions { get; set; }

    /// <summary>Streams of one session at once; 16 by default. One more is answered with 503 and <c>Retry-After</c>.</summary>
    public int MaxStreamsPerSession { get; set; } = 16;

    /// <summary>Sessions in one channel at once; 0, the default, means no limit. A ticket for a full channel is answered with 503 and <c>Retry-After</c>.</summary>
    public int MaxSessionsPerChannel { get; set; }

    /// <summary>Channels that one session may be in; 100 by default.</summary>
    public int MaxChannelsPerSession { get; set; } = 100;

    /// <summary>Channels with sessions at once; 10,000 by default. A ticket for one more is answered with 503. Those that are published to only are bounded by <see cref="Topics"/>.</summary>
    public int MaxChannels { get; set; } = 10_000;

    /// <summary>A session's first stream has begun. Where the server's handlers run: on that connection's loop, or on the thread pool.</summary>
    public Action<SseSession<TSession>>? OnConnected { get; set; }

    /// <summary>A session's last stream has ended; it is in no channel any more. Where the server's handlers run.</summary>
    public Action<SseSession<TSession>>? OnDisconnected { get; set; }

    internal SseHubOptions<TSession> Freeze()
    {
        ArgumentNullException.ThrowIfNull(Topics, nameof(Topics));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxExactChannels, 1, nameof(MaxExactChannels));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxExactChannels, 64, nameof(MaxExactChannels));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CheckpointInterval, TimeSpan.Zero, nameof(CheckpointInterval));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSessions, nameof(MaxSessions));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxStreamsPerSession, 1, nameof(MaxStreamsPerSession));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSessionsPerChannel, nameof(MaxSessionsPerChannel));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxChannelsPerSession, nameof(MaxChannelsPerSession));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxChannels, 1, nameof(MaxChannels));
        return (SseHubOptions<TSession>)MemberwiseClone();
    }
}
