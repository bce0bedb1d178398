namespace Engine.Sse;

/// <summary>
/// What became of an event that was sent to many. The counts are for people and metrics, not for retries: streams that are behind get the event when there is
/// room, or are told of the gap.
/// </summary>
/// <param name="Delivered">Streams that keep up: the event goes into their queues with the next turn of their loops.</param>
/// <param name="Behind">Streams whose queue is full, or that are catching up: they get it in order, or are told of the gap.</param>
/// <param name="Gone">Streams whose connection was found closed since the event before this one.</param>
public readonly record struct SsePublishResult(int Delivered, int Behind, int Gone)
{
    /// <summary>Whether the channel has the event. Of several sessions, what the last one that refused it said.</summary>
    public PublishStatus Status { get; init; }

    internal static SsePublishResult Of(in PublishResult result) => new(result.Delivered, result.Behind, result.Gone) { Status = result.Status };

    internal SsePublishResult Plus(SsePublishResult other)
        => new(Delivered + other.Delivered, Behind + other.Behind, Gone + other.Gone)
        {
            Status = other.Status == PublishStatus.Published ? Status : other.Status,
        };
}
