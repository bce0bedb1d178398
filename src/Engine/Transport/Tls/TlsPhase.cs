namespace Engine;

/// <summary>
/// Where a TLS connection stands. It only ever moves down this list.
/// <code>
///   Handshaking --finished--> Open --bad record, bad handshake--> Failed --Close--> Closing --transport let go--> Released
///        \------------------------------------------------------------^    ^
///   any of the first three --Close------------------------------------------/
/// </code>
/// The two directions end on their own: the peer's close_notify or FIN ends receiving, our close_notify ends sending (RFC 8446 §6.1).
/// </summary>
internal enum TlsPhase : byte
{
    /// <summary>No plain bytes yet, in either direction.</summary>
    Handshaking = 0,

    /// <summary>Records go both ways.</summary>
    Open = 1,

    /// <summary>The connection cannot go on; the alert that says why is on its way, and the failure is told.</summary>
    Failed = 2,

    /// <summary>The transport beneath was told to close; nothing is raised any more but the release.</summary>
    Closing = 3,

    /// <summary>Everything is given back.</summary>
    Released = 4,
}
