using Engine.Http1;

namespace Engine.Sse;

/// <summary>How messages are published by POST on one route. Read when the route is mapped; later changes have no effect.</summary>
public sealed class TopicPublishOptions
{
    /// <summary>
    /// Returns whether the client may publish to a topic; null, the default, lets everybody. A refused request is answered with the status that was set, else 403.
    /// </summary>
    public Func<HttpContext, string, ValueTask<bool>>? AuthorizeAsync { get; set; }

    /// <summary>
    /// Makes the message of a request, its topic and its body. By default the body is JSON, text or bytes as its <c>Content-Type</c> says, <c>?key=</c> is the key,
    /// <c>?event=</c> the type of the event, and the field <c>Idempotency-Key</c> what makes a second try no second message.
    /// </summary>
    public Func<HttpContext, string, ReadOnlyMemory<byte>, TopicMessage>? CreateMessage { get; set; }

    /// <summary>Bytes of a body at most; 64 KB by default. A larger one is answered with 413.</summary>
    public int MaxBodyBytes { get; set; } = 65_536;

    internal TopicPublishOptions Freeze()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBodyBytes, 1, nameof(MaxBodyBytes));
        return (TopicPublishOptions)MemberwiseClone();
    }
}
