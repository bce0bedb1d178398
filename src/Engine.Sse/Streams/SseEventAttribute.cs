namespace Engine.Sse;

/// <summary>Names the event that values of a type are sent as, by <see cref="SseEvent.FromJson{T}"/>: <c>[SseEvent("comment-added")] record CommentAdded(string Text);</c>.</summary>
/// <param name="name">The event's name. No CR or LF.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class SseEventAttribute(string name) : Attribute
{
    /// <summary>The event's name.</summary>
    public string Name { get; } = name;
}
