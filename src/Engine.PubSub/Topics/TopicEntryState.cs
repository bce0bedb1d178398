namespace Engine.PubSub;

/// <summary>How a subscription stands.</summary>
internal enum TopicEntryState : byte
{
    /// <summary>It has everything that its loop has delivered.</summary>
    Live = 0,

    /// <summary>It reads the log from its own offset on.</summary>
    Behind = 1,

    /// <summary>It waits for the topic's state.</summary>
    Joining = 2,
}
