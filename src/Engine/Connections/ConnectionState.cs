namespace Engine;

/// <summary>
/// Where a connection stands. It only ever moves down this list.
/// <code>
///   Open --Close--> Closing --queue empty, FIN sent--> Lingering --peer's FIN, or deadline--> Releasing --transport let go--> Closed
///     \------------ Abort, failure ------------------------------------------------------------^
/// </code>
/// </summary>
internal enum ConnectionState
{
    /// <summary>Sends are accepted, received bytes go to the protocol.</summary>
    Open = 0,

    /// <summary>Sends are refused; what was accepted is still going out.</summary>
    Closing = 1,

    /// <summary>FIN is sent; received bytes are thrown away until the peer's FIN.</summary>
    Lingering = 2,

    /// <summary>The transport was told to close and may still be using memory of this connection.</summary>
    Releasing = 3,

    /// <summary>Everything is returned, and OnClosed was raised.</summary>
    Closed = 4,
}
