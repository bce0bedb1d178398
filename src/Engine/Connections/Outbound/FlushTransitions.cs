namespace Engine;

/// <summary>
/// Moves a <see cref="FlushState"/>, which decides when queued bytes are handed to the kernel. Loop only. The state is a field of its connection, of one byte.
/// <code>
///            WriteHeld       Write     Offered all   Offered some   Freed all   Freed some
///   Idle     Held            Due       Idle          Blocked        -           -
///   Held     Held            Due       Idle          Blocked        -           -
///   Due      Due (refused)   Due       Idle          Blocked        -           -
///   Blocked  Blocked (ref.)  Blocked   -             -              Idle        Due
/// </code>
/// Invariant: the queue has bytes in Held and Blocked, and none in Idle; Due may find it empty.
/// </summary>
internal static class FlushTransitions
{
    /// <summary>A message that may wait was appended. Returns whether it does: bytes that leave anyway take it along.</summary>
    public static bool WriteHeld(this ref FlushState state)
    {
        if (state <= FlushState.Held)
        {
            state = FlushState.Held;
            return true;
        }

        return false;
    }

    /// <summary>Bytes that may not wait were appended, or are to be: whatever is in the queue at the next flush leaves with them.</summary>
    public static void Write(this ref FlushState state)
    {
        if (state < FlushState.Due)
        {
            state = FlushState.Due;
        }
    }

    /// <summary>The queue was offered to the kernel, which took all of it or not.</summary>
    public static void Offered(this ref FlushState state, bool isAllTaken) => state = isAllTaken ? FlushState.Idle : FlushState.Blocked;

    /// <summary>The kernel has room again, and has taken all of the queue by itself or not.</summary>
    public static void Freed(this ref FlushState state, bool isAllTaken) => state = isAllTaken ? FlushState.Idle : FlushState.Due;
}
