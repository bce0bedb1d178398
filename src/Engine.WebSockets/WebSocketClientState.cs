namespace Engine.WebSockets;

/// <summary>Where a <see cref="WebSocketClient"/> stands.</summary>
public enum WebSocketClientState : byte
{
    /// <summary>Made, and not asked to connect.</summary>
    Created = 0,

    /// <summary>The first connection is being made.</summary>
    Connecting = 1,

    /// <summary>Messages go both ways.</summary>
    Open = 2,

    /// <summary>The connection was lost; messages wait in the outbox while it is made again.</summary>
    Reconnecting = 3,

    /// <summary>Ended, by either side, or because the client gave up. For good.</summary>
    Closed = 4,
}
