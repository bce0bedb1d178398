namespace Engine;

/// <summary>Why a connection ended. The first reason wins; exactly one is reported for each connection.</summary>
public enum CloseReason : byte
{
    /// <summary>The connection is open.</summary>
    None = 0,

    /// <summary>This side ended it, its work done.</summary>
    Completed = 1,

    /// <summary>The server is stopping.</summary>
    ServerStopping = 2,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolError = 3,

    /// <summary>A handler of the host threw.</summary>
    HandlerFailed = 4,

    /// <summary>The peer went past a limit.</summary>
    LimitExceeded = 5,

    /// <summary>A deadline of the protocol passed: a TLS handshake, a request head, a pong, an idle limit.</summary>
    Timeout = 6,

    /// <summary>Queued bytes made no progress for <see cref="ConnectionOptions.WriteTimeout"/>: the peer is dead or frozen.</summary>
    WriteTimeout = 7,

    /// <summary>The peer read too slowly for the policy <see cref="BackpressurePolicy.Disconnect"/> or for the server's memory.</summary>
    SlowConsumer = 8,

    /// <summary>The peer sent FIN, and the protocol had no more to say.</summary>
    PeerClosed = 9,

    /// <summary>The peer reset the connection, or vanished while bytes were under way.</summary>
    PeerReset = 10,

    /// <summary>This side aborted it (RST).</summary>
    Aborted = 11,

    /// <summary>The operating system reported another error, or TLS failed.</summary>
    TransportError = 12,

    /// <summary>The server was full when the connection arrived.</summary>
    AdmissionRefused = 13,
}
