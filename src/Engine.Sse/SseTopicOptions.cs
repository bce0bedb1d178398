using Engine.Http1;

namespace Engine.Sse;

/// <summary>How topics are streamed to the clients of one route. Read when the route is mapped; later changes have no effect.</summary>
public sealed class SseTopicOptions
{
    /// <summary>Heartbeats, limits, origins and the like of the streams.</summary>
    public SseOptions Stream { get; set; } = new();

    /// <summary>The query parameter that names a topic, once for each; <c>topic</c> by default.</summary>
    public string TopicParameter { get; set; } = "topic";

    /// <summary>Chooses the topics by the request, instead of the query; null, the default, leaves it to the client. Asked at each connect.</summary>
    public Func<HttpContext, ValueTask<IReadOnlyList<string>>>? SelectTopicsAsync { get; set; }

    /// <summary>
    /// Returns whether the client may hear a topic, what it missed of it included; null, the default, lets everybody. Asked for each topic at each connect, and so
    /// again when a client comes back. A refused topic refuses the request: with the status that was set, else 403.
    /// </summary>
    public Func<HttpContext, string, ValueTask<bool>>? AuthorizeAsync { get; set; }

    /// <summary>Says who the client is in topics with presence (<see cref="TopicOptions.Presence"/>); null, the default, or a null name for nobody.</summary>
    public Func<HttpContext, string?>? GetMemberName { get; set; }

    /// <summary>
    /// The type of the event that tells of a loss, <c>gap</c> by default. Its data is JSON: the topic, the position after which messages are missing, the position
    /// up to which they are, and how many where that is known.
    /// </summary>
    public string GapEventType { get; set; } = "gap";

    /// <summary>The type of the event that tells that a key of a latest topic has no value any more, <c>removed</c> by default. Its data is the key.</summary>
    public string RemovalEventType { get; set; } = "removed";

    /// <summary>Whether messages that name no event type are named by their topic; off by default: browsers raise them as <c>message</c>.</summary>
    public bool NameEventsByTopic { get; set; }

    /// <summary>
    /// Topics of one stream up to which each event carries the positions of all of them, so that a client that comes back gets nothing twice; 8 by default, at
    /// most 64. On a stream of more topics the positions are sent as a checkpoint now and then, and what came after the last one is sent again.
    /// </summary>
    public int MaxExactTopics { get; set; } = 8;

    /// <summary>How long events of a stream of more topics go without a checkpoint; 1 second by default.</summary>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromSeconds(1);

    internal SseTopicOptions Freeze()
    {
        ArgumentNullException.ThrowIfNull(Stream, nameof(Stream));
        ArgumentException.ThrowIfNullOrEmpty(TopicParameter, nameof(TopicParameter));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxExactTopics, 1, nameof(MaxExactTopics));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxExactTopics, 64, nameof(MaxExactTopics));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CheckpointInterval, TimeSpan.Zero, nameof(CheckpointInterval));
        ArgumentException.ThrowIfNullOrEmpty(GapEventType, nameof(GapEventType));
        ArgumentException.ThrowIfNullOrEmpty(RemovalEventType, nameof(RemovalEventType));
        var copy = (SseTopicOptions)MemberwiseClone();
        copy.Stream = Stream.Freeze();
        return copy;
    }
}
