namespace Engine;

/// <summary>What becomes of the bytes in the outbound queue.</summary>
internal enum FlushState : byte
{
    /// <summary>There are none.</summary>
    Idle = 0,

    /// <summary>All of them may wait a moment for more, to leave in one send (<see cref="Connection.CoalescingInterval"/>).</summary>
    Held = 1,

    /// <summary>They are handed to the kernel at the turn's end at the latest.</summary>
    Due = 2,

    /// <summary>The kernel is full: <see cref="ITransportSink.OnFlushed"/> says when it has room again, and until then nothing is handed to it.</summary>
    Blocked = 3,
}
