namespace Engine.PubSub;

/// <summary>How the members of a topic are published. The members of <c>room</c> are the keys of the latest topic <c>room</c> + <see cref="TopicSuffix"/>.</summary>
public sealed class PresenceOptions
{
    /// <summary>What follows the topic's name in the name of its presence topic.</summary>
    public const string TopicSuffix = "@presence";

    /// <summary>The key under which the count is published.</summary>
    public const string CountKey = "#count";

    /// <summary>Changes are gathered for so long and published together; who joins and leaves within it is not published. 1 second by default.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a member whose last connection is gone stays a member, so that a reconnect is neither a leave nor a join; 5 seconds by default.</summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Publishes how many members there are, and not who. For large topics, where every member would hear of every other. Off by default.</summary>
    public bool IsCountOnly { get; set; }

    /// <summary>Members that are published by name; 1,000 by default. A topic with more is published by its count only.</summary>
    public int MaxMembers { get; set; } = 1_000;

    internal PresenceOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Window, TimeSpan.FromMilliseconds(10), nameof(Window));
        ArgumentOutOfRangeException.ThrowIfLessThan(Grace, TimeSpan.Zero, nameof(Grace));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxMembers, nameof(MaxMembers));
        return (PresenceOptions)MemberwiseClone();
    }
}
