namespace Engine.WebSockets;

/// <summary>Where a <see cref="TopicClient"/> stands.</summary>
public enum TopicClientStatus : byte
{
    /// <summary>Nothing has asked for a connection yet.</summary>
    Idle = 0,

    /// <summary>A connection is being made.</summary>
    Connecting = 1,

    /// <summary>Messages go both ways.</summary>
    Open = 2,

    /// <summary>Between two attempts to connect.</summary>
    Waiting = 3,

    /// <summary>The end: the client was disposed, or the server wants no more of it.</summary>
    Closed = 4,
}
