namespace Conformance;

/// <summary>The end that the fuzzer plays; the other one is under test.</summary>
internal enum PeerRole
{
    /// <summary>Connects, masks, and expects the server to end the TCP connection.</summary>
    Client,

    /// <summary>Accepts, does not mask, and ends the TCP connection itself (RFC 6455 §7.1.1).</summary>
    Server,
}
