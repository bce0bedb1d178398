namespace Engine.Sse;

/// <summary>How the events of topics are named.</summary>
/// <param name="Gap">Tells of a loss.</param>
/// <param name="Removal">Tells that a key of a latest topic has no value any more.</param>
/// <param name="ByTopic">Whether messages without a name of their own are named by their topic.</param>
internal sealed record SseEventNames(string Gap, string Removal, bool ByTopic)
{
    /// <exception cref="ArgumentException">A name is empty, or would end its line.</exception>
    public void Check()
    {
        ArgumentException.ThrowIfNullOrEmpty(Gap, nameof(Gap));
        ArgumentException.ThrowIfNullOrEmpty(Removal, nameof(Removal));
        SseFormatter.Check(new SseEvent(null) { EventType = Gap });
        SseFormatter.Check(new SseEvent(null) { EventType = Removal });
    }
}
