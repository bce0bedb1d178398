namespace Engine.WebSockets;

/// <summary>
/// Where a WebSocket stands (RFC 6455 §7). It only ever moves down this list.
/// <code>
///   Open --Close()--> CloseSent --peer's close, or close timeout--> Closing --connection ended--> Closed
///     \---- peer's close, violation, failed handler, peer gone --------^
///     \---- peer's close, answered by the reader --> CloseReceived --Close()--^
/// </code>
/// </summary>
internal enum WebSocketState : byte
{
    /// <summary>Messages go both ways.</summary>
    Open = 0,

    /// <summary>The peer's close frame came, and whoever reads answers it; this side may still send.</summary>
    CloseReceived = 1,

    /// <summary>This side's close frame is on its way; what the peer still sends is read for its own close frame only.</summary>
    CloseSent = 2,

    /// <summary>Nothing is read any more; the connection beneath is ending.</summary>
    Closing = 3,

    /// <summary>The end was announced.</summary>
    Closed = 4,
}
