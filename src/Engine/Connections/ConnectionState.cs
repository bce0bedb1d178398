namespace Engine;

/// <summary>
/// Where a connection stands. It only ever moves down this list.
/// <code>
///   Open --CloseSend--> SendClosed --Close--> Closing --queue empty, FIN sent--> Lingering --peer's FIN, or deadline--> Releasing --transport let go--> Closed
///     \-----------------Close-----------------^                                                                          ^
///     \------------ Abort, failure from any of them ---------------------------------------------------------------------^
/// </code>
/// </summary>
internal enum ConnectionState
{
    /// <summary>Sends are accepted, received bytes go to the protocol.</summary>
    Open = 0,

    /// <summary>Sends are refused; what was accepted goes out, then FIN. Received bytes still go to the protocol.</summary>
    SendClosed = 1,

    /// <summary>Sends are refused; what was accepted is still going out. Received bytes are thrown away.</summary>
    Closing = 2,

    /// <summary>FIN is sent; received bytes are thrown away until the peer's FIN.</summary>
    Lingering = 3,

    /// <summary>The transport was told to close and may still be using memory of this connection.</summary>
    Releasing = 4,

    /// <summary>Everything is returned, and OnClosed was raised.</summary>
    Closed = 5,
}
