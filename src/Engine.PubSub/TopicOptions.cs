namespace Engine.PubSub;

/// <summary>Produces a topic's whole state for a subscriber that has no usable position, as it is at <paramref name="position"/> or later.</summary>
/// <param name="topic">The topic.</param>
/// <param name="position">Taken before the call: what is published after it follows the state.</param>
/// <param name="cancellationToken">Cancelled when the subscriber's connection has ended.</param>
public delegate ValueTask<TopicMessage> TopicStateProvider(string topic, TopicPosition position, CancellationToken cancellationToken);

/// <summary>What the topics of one rule keep, and how slow subscribers are treated. Read when the hub is made; later changes have no effect.</summary>
public sealed class TopicOptions
{
    /// <param name="kind">Sets the defaults of the other properties.</param>
    public TopicOptions(TopicKind kind)
    {
        Kind = kind;
        MaxMessages = kind == TopicKind.Latest ? 10_000 : 1_000;
        MaxAge = kind switch
        {
            TopicKind.Ephemeral => TimeSpan.FromSeconds(10),
            TopicKind.Stream => TimeSpan.FromMinutes(5),
            _ => Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>What the topics keep.</summary>
    public TopicKind Kind { get; }

    /// <summary>Messages kept at most, on a latest topic keys; 1,000 by default, 10,000 on a latest topic. The oldest is forgotten first.</summary>
    public int MaxMessages { get; set; }

    /// <summary>Bytes of payloads and keys kept at most, with 128 for each message; 1 MiB by default. The newest message is kept whatever its size.</summary>
    public long MaxBytes { get; set; } = 1 << 20;

    /// <summary>How long a message is kept; 10 seconds (ephemeral), 5 minutes (stream) or for ever (latest) by default. Checked about once a second.</summary>
    public TimeSpan MaxAge { get; set; }

    /// <summary>What happens to a subscriber that the topic has overtaken; <see cref="OvertakenPolicy.Gap"/> by default.</summary>
    public OvertakenPolicy Overtaken { get; set; }

    /// <summary>
    /// Latest topics: subscribers get at most one update of each key in so long, always the newest; zero, the default, sends each at once.
    /// At most one minute.
    /// </summary>
    public TimeSpan MinInterval { get; set; }

    /// <summary>
    /// Latest topics: how long a removal is kept for subscribers that come back; 1 minute by default. One that was away for longer is told that it lost
    /// something and gets the whole state.
    /// </summary>
    public TimeSpan RemovalAge { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Produces the state for a subscriber without a usable position; null, the default, for none. Called again, up to three times, when the topic has overtaken
    /// the position in the meantime. Runs where the subscription was made: do not block there.
    /// </summary>
    public TopicStateProvider? GetState { get; set; }

    /// <summary>
    /// In which order subscribers on several nodes see the topics. Null, the default, is <see cref="PublishMode.Ordered"/> for streams and latest topics where the
    /// backplane keeps history, else <see cref="PublishMode.LocalFirst"/>. Of no effect without a backplane.
    /// </summary>
    public PublishMode? PublishMode { get; set; }

    /// <summary>Whether members of the topics are published, and how; null, the default, for no presence.</summary>
    public PresenceOptions? Presence { get; set; }

    internal TopicOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessages, 1, nameof(MaxMessages));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBytes, 1, nameof(MaxBytes));
        CheckAge(MaxAge, nameof(MaxAge));
        CheckAge(RemovalAge, nameof(RemovalAge));
        ArgumentOutOfRangeException.ThrowIfLessThan(MinInterval, TimeSpan.Zero, nameof(MinInterval));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MinInterval, TimeSpan.FromMinutes(1), nameof(MinInterval));
        if (MinInterval > TimeSpan.Zero && Kind != TopicKind.Latest)
        {
            throw new ArgumentException("Only a latest topic has an interval: the others deliver every message.", nameof(MinInterval));
        }

        if (Overtaken == OvertakenPolicy.Snapshot && GetState is null)
        {
            throw new ArgumentException("A snapshot needs GetState.", nameof(Overtaken));
        }

        var frozen = (TopicOptions)MemberwiseClone();
        frozen.Presence = Presence?.Freeze();
        return frozen;
    }

    private static void CheckAge(TimeSpan age, string name)
    {
        if (age != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(age, TimeSpan.Zero, name);
        }
    }
}
