namespace Engine.Http1;

/// <summary>
/// Where a connection stands in its current request.
/// <code>
///        bytes           head complete          handler done                      all sent
///   Idle ------> Head -----------------> Handling ----------> [Completing] -+---------------------> Idle
///    ^            |                         |                               +- body left -> Draining -> Idle
///    |            |                         |                               +- queue full -> Backlogged -> Idle
///    |            |                         +-- upgrade accepted --> Switched
///    +------------+-- refused, closed, failed, or the last response --> Done
/// </code>
/// What an event does in a phase is said where the event is handled; StateTableTests walks every pair.
/// </summary>
internal enum Http1Phase : byte
{
    /// <summary>Between two requests: nothing of the next one has come.</summary>
    Idle = 0,

    /// <summary>Within a head; the context holds what was parsed of it.</summary>
    Head,

    /// <summary>A handler runs and holds the context. Its request's body may still be arriving.</summary>
    Handling,

    /// <summary>The handler is done, but the end of its response waits: for room in the queue, or for a write that nobody awaited. What comes of the body is thrown away.</summary>
    Completing,

    /// <summary>The response is out; what the handler left of the body is read and thrown away.</summary>
    Draining,

    /// <summary>The response is in the queue, which is full: the peer is not asked for its next request until it has read.</summary>
    Backlogged,

    /// <summary>Another protocol has the connection, and the bytes that were left.</summary>
    Switched,

    /// <summary>Nothing more is read, and no request is under way.</summary>
    Done,
}
