namespace Engine.Sse;

/// <summary>Topics that a hub's streams are subscribed to, and how their events look. Any thread.</summary>
/// <param name="hub">The topics.</param>
/// <param name="names">How events are named.</param>
/// <param name="maxExact">Positions up to which each event of a stream carries all of them.</param>
/// <param name="checkpointInterval">How long events of other streams go without a checkpoint.</param>
/// <param name="arePrivate">Whether the topics are the server's own: their names are told to nobody, and their positions are in no id.</param>
internal sealed class SseHubTopics(TopicHub hub, SseEventNames names, int maxExact, TimeSpan checkpointInterval, bool arePrivate)
{
    /// <summary>Begins the names of topics that are no channels.</summary>
    public const string ReservedPrefix = "@sse.";

    /// <summary>The topic that every stream is subscribed to.</summary>
    public const string Everybody = ReservedPrefix + "all";

    public TopicHub Hub => hub;

    public SseEventNames Names => names;

    public int MaxExact => maxExact;

    public TimeSpan CheckpointInterval => checkpointInterval;

    /// <summary>For streams with one position.</summary>
    public SseTopicForm FormWithId { get; } = new(names, WriteId);

    /// <summary>For streams with none, or with several, whose ids are their own.</summary>
    public SseTopicForm FormWithoutId { get; } = new(names, writeId: null);

    /// <summary>Whether a client that comes back can go on with the topic.</summary>
    public bool IsInIds(TopicKind kind) => !arePrivate && IsKept(kind);

    /// <summary>What clients know the topic as; null when they do not.</summary>
    public string? NameOf(string topic) => arePrivate || topic == Everybody ? null : topic;

    private static bool IsKept(TopicKind kind) => kind != TopicKind.Ephemeral;

    private static void WriteId(EventBuffer buffer, Publication publication)
    {
        if (IsKept(publication.TopicKind))
        {
            Span<byte> line = buffer.GetSpan(SseHubIds.MaxLineBytes(1));
            int length = SseHubIds.WritePosition(line, 0, SseHubIds.TagOf(publication.Pattern ?? publication.Topic), publication.Position);
            line[length] = (byte)'\n';
            buffer.Advance(length + 1);
        }
    }
}
