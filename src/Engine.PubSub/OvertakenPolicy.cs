namespace Engine.PubSub;

/// <summary>What happens to a subscriber that was so slow that the topic no longer keeps what it has not got.</summary>
public enum OvertakenPolicy : byte
{
    /// <summary>It is told what it missed and goes on with the oldest message that is kept. The default.</summary>
    Gap = 0,

    /// <summary>It gets the state of <see cref="TopicOptions.GetState"/>, and then what follows that state.</summary>
    Snapshot = 1,

    /// <summary>Its connection is closed.</summary>
    Close = 2,
}
