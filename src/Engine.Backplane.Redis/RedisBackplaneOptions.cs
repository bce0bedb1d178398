namespace Engine.Backplane.Redis;

/// <summary>Where Redis is and what it keeps. Read when the backplane is made; later changes have no effect.</summary>
public sealed class RedisBackplaneOptions
{
    /// <param name="configuration">The servers and settings in the client's own form, as <c>127.0.0.1:6379,password=...</c>.</param>
    public RedisBackplaneOptions(string configuration)
    {
        ArgumentException.ThrowIfNullOrEmpty(configuration);
        Configuration = configuration;
    }

    /// <summary>The servers and settings in the client's own form.</summary>
    public string Configuration { get; }

    /// <summary>Names the broker in metrics and decides which topics are its own where there are several; <c>redis</c> by default.</summary>
    public string Name { get; set; } = "redis";

    /// <summary>What all keys and channels begin with; <c>engine</c> by default. Hubs of one prefix share their topics.</summary>
    public string Prefix { get; set; } = "engine";

    /// <summary>Messages kept of each topic, or somewhat more; 10,000 by default.</summary>
    public int MaxMessagesPerTopic { get; set; } = 10_000;

    /// <summary>How long the messages of a topic are kept after its last publication; 1 hour by default.</summary>
    public TimeSpan HistoryAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a topic's positions are remembered after its last use; 7 days by default. After that, who comes with one is told that it is lost.</summary>
    public TimeSpan EpochAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long an idempotency key is remembered; 5 minutes by default.</summary>
    public TimeSpan IdempotencyWindow { get; set; } = TimeSpan.FromMinutes(5);

    internal RedisBackplaneOptions Freeze()
    {
        ArgumentException.ThrowIfNullOrEmpty(Name, nameof(Name));
        ArgumentNullException.ThrowIfNull(Prefix, nameof(Prefix));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessagesPerTopic, 1, nameof(MaxMessagesPerTopic));
        ArgumentOutOfRangeException.ThrowIfLessThan(HistoryAge, TimeSpan.FromSeconds(1), nameof(HistoryAge));
        ArgumentOutOfRangeException.ThrowIfLessThan(EpochAge, HistoryAge, nameof(EpochAge));
        ArgumentOutOfRangeException.ThrowIfLessThan(IdempotencyWindow, TimeSpan.FromSeconds(1), nameof(IdempotencyWindow));
        return (RedisBackplaneOptions)MemberwiseClone();
    }
}
