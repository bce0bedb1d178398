namespace Engine;

/// <summary>What happens to a message that finds its connection's outbound queue full.</summary>
public enum BackpressurePolicy : byte
{
    /// <summary><c>TrySend</c> answers <see cref="SendStatus.Dropped"/>; <c>SendAsync</c> waits for room. The default.</summary>
    Wait = 0,

    /// <summary>The new message is dropped and counted, also by <c>SendAsync</c>, which then answers <see cref="SendStatus.Dropped"/> and never waits.</summary>
    DropNewest = 1,

    /// <summary>
    /// The oldest whole messages that have not begun to leave make room for the new one, and are counted as dropped.
    /// For streams in which the latest value matters most.
    /// </summary>
    DropOldest = 2,

    /// <summary>
    /// The connection is closed with <see cref="CloseReason.SlowConsumer"/>; what is queued is lost. Only a peer that the kernel has no room for counts as slow:
    /// a message that comes behind somebody's waiting SendAsync, or from a thread that sends faster than the loop looks, is dropped instead.
    /// </summary>
    Disconnect = 3,
}
