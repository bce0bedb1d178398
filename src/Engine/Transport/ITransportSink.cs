namespace Engine;

/// <summary>
/// What a transport raises upward about one connection: six events, by the connection's loop only, and never from within a call downward.
/// </summary>
internal interface ITransportSink
{
    /// <summary>Headers and handshakes beneath are done, once, before any bytes. Not raised by a transport that had none.</summary>
    void OnEstablished();

    /// <summary>Bytes arrived. The span is the loop's own buffer: it may be changed in place, and is valid during the call only.</summary>
    void OnReceived(Span<byte> bytes);

    /// <summary>
    /// After a flush that left bytes behind: the kernel took so many more (0 when it only has room again), and
    /// <see cref="TransportConnection.Flush"/> may be called again.
    /// </summary>
    void OnFlushed(int takenBytes);

    /// <summary>The peer's FIN: nothing follows what was received.</summary>
    void OnPeerClosed();

    /// <summary>The connection is broken; only <see cref="OnReleased"/> follows.</summary>
    void OnFailed(TransportFailure error);

    /// <summary>The last event: the kernel reads and writes no memory of this connection any more.</summary>
    void OnReleased();
}

/// <summary>What the loop itself raises about one connection.</summary>
internal interface ILoopMember
{
    /// <summary>The slot's deadline passed.</summary>
    void OnDue();

    /// <summary>The turn ends, and the member had asked for this call.</summary>
    void OnTurnEnd();
}

/// <summary>The errors of an operating system, as far as anyone above can act on them.</summary>
internal enum TransportFailure : byte
{
    /// <summary>The peer reset the connection, or is gone.</summary>
    Reset = 0,

    /// <summary>The kernel gave up on a peer that does not answer.</summary>
    TimedOut = 1,

    /// <summary>Everything else, a failed TLS handshake included.</summary>
    Other = 2,

    /// <summary>The peer's PROXY header is malformed.</summary>
    Malformed = 3,
}
