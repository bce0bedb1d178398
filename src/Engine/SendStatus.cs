namespace Engine;

/// <summary>What became of one message. Every send answers with it, so a caller always knows the pressure it is under.</summary>
public enum SendStatus : byte
{
    /// <summary>Accepted: the kernel took it, or it is queued below the high-water mark.</summary>
    Sent = 0,

    /// <summary>
    /// Accepted too, but the queue is above its high-water mark: stop now and wait for the drain.
    /// Never send the message again, it is on its way. On another thread than the connection's loop, <see cref="ConnectionProtocol.OnDrained"/> may have run before
    /// this returns: wait by <see cref="Connection.WhenWritableAsync"/> there, which completes at once when the drain is over.
    /// </summary>
    Queued = 1,

    /// <summary>Refused for lack of room: not one byte of the message will be sent.</summary>
    Dropped = 2,

    /// <summary>Refused because the connection is closing or closed: not one byte of the message will be sent.</summary>
    Closed = 3,
}
