namespace Engine.Sse;

/// <summary>What became of an event that was sent to many. Streams that have ended meanwhile are not counted.</summary>
/// <param name="Delivered">Streams whose queue took it, below the high-water mark.</param>
/// <param name="Queued">
/// Streams that it is on its way to: handed to another loop than the caller's, behind a queue above its high-water mark, or behind a replay. What a loop then
/// finds too slow counts in <see cref="SseHub{TSession}.DroppedCount"/>.
/// </param>
/// <param name="Dropped">Slow streams that will not get it, or that were disconnected for it.</param>
public readonly record struct SsePublishResult(int Delivered, int Queued, int Dropped)
{
    internal SsePublishResult Plus(SsePublishResult other) => new(Delivered + other.Delivered, Queued + other.Queued, Dropped + other.Dropped);
}
