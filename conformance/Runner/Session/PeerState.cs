namespace Conformance;

/// <summary>RFC 6455 §4 to §7 in four words: before the handshake, after it, after our close frame, after the end of the TCP connection.</summary>
internal enum PeerState
{
    Connecting,
    Open,
    Closing,
    Closed,
}
