namespace Engine.WebSockets;

/// <summary>
/// Where a WebSocket stands (RFC 6455 §7). It only ever moves down this list.
/// <code>
///   Open --Close()--> CloseSent --peer's close, or close timeout--> Closing --connection ended--> Closed
///     \---- peer's close, violation, failed handler, peer gone --------^
/// </code>
/// </summary>
internal enum WebSocketState : byte
{
    /// <summary>Messages go both ways.</summary>
    Open = 0,

    /// <summary>This side's close frame is on its way; what the peer still sends is read for its own close frame only.</summary>
    CloseSent = 1,

    /// <summary>Nothing is read any more; the connection beneath is ending.</summary>
    Closing = 2,

    /// <summary>The end was announced.</summary>
    Closed = 3,
}
