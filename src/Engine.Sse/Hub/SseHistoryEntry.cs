namespace Engine.Sse;

/// <summary>One remembered event.</summary>
/// <param name="Sequence">Its place in the hub's order.</param>
/// <param name="Prepared">The formatted event, with a reference that belongs to the holder of the entry.</param>
public readonly record struct SseHistoryEntry(long Sequence, SharedSegment Prepared);
