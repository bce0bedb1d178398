namespace Engine.PubSub;

/// <summary>One subscription: a cursor into a topic's log. 32 bytes.</summary>
internal struct TopicEntry
{
    public TopicOutlet Outlet;

    /// <summary>The last message that the connection's queue has; while <see cref="TopicEntryState.Live"/>, the outlet's offset counts.</summary>
    public ulong Offset;

    /// <summary>Losses up to this offset are none: the subscription began, or was told of them, when they had happened.</summary>
    public ulong Floor;

    /// <summary>Its place in the outlet.</summary>
    public int Slot;

    /// <summary>Tells one subscription of a connection from a later one to the same topic.</summary>
    public ushort Life;

    public TopicEntryState State;

    /// <summary>Whether the topic's presence counts it.</summary>
    public bool IsMember;
}
