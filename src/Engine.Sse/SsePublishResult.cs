namespace Engine.Sse;

/// <summary>What became of an event that was sent to many. Streams that have ended meanwhile are not counted.</summary>
/// <param name="Delivered">Streams whose queue took it, below the high-water mark.</param>
/// <param name="Queued">Streams that it waits for: behind a queue above its high-water mark, or behind a replay.</param>
/// <param name="Dropped">Slow streams that will not get it, or that were disconnected for it.</param>
public readonly record struct SsePublishResult(int Delivered, int Queued, int Dropped);
