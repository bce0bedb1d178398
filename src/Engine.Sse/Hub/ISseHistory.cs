namespace Engine.Sse;

/// <summary>
/// What a channel remembers for clients that come back. The hub calls it under its lock, one call at a time, so an implementation needs no lock of its own
/// and must not wait or call the hub.
/// </summary>
public interface ISseHistory
{
    /// <summary>Whether nothing is remembered any more, so that a channel without members can be forgotten.</summary>
    bool IsEmpty { get; }

    /// <summary>Remembers an event. Sequences rise; an implementation that keeps the segment takes a reference of its own and gives it back.</summary>
    /// <param name="sequence">The event's place in the hub's order.</param>
    /// <param name="prepared">The formatted event.</param>
    void Append(long sequence, SharedSegment prepared);

    /// <summary>
    /// Adds the events behind <paramref name="sequence"/>, oldest first, each with a reference that the caller gives back. False when one of them
    /// has been forgotten; what is left is added all the same.
    /// </summary>
    /// <param name="sequence">The last event that the client has seen.</param>
    /// <param name="maxEvents">No more than so many are added.</param>
    /// <param name="entries">Where they go.</param>
    bool TryReadAfter(long sequence, int maxEvents, ICollection<SseHistoryEntry> entries);

    /// <summary>Gives everything back: the channel is gone.</summary>
    void Clear();
}
