using System.Text;

namespace Engine.PubSub;

/// <summary>What is published. The payload is copied before the publish returns.</summary>
/// <param name="payload">The bytes.</param>
/// <param name="kind">What they are.</param>
public readonly struct TopicMessage(ReadOnlyMemory<byte> payload, PayloadKind kind = PayloadKind.Binary)
{
    /// <summary>A message of text.</summary>
    public TopicMessage(string text)
        : this(Encoding.UTF8.GetBytes(text), PayloadKind.Text)
    {
    }

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Payload { get; } = payload;

    /// <summary>What the bytes are.</summary>
    public PayloadKind Kind { get; } = kind;

    /// <summary>On a latest topic: what the message replaces the earlier one of. Null is the empty key. Other topics carry it along.</summary>
    public string? Key { get; init; }

    /// <summary>On a latest topic: the key has no value any more.</summary>
    public bool IsRemoval { get; init; }

    /// <summary>Keeps the message plain on wires that compress: for secrets beside text of an attacker's choice, which compression betrays by the length.</summary>
    public bool NeverCompress { get; init; }

    /// <summary>Names the event on wires that have such names (SSE); null for none. No CR, LF or NUL.</summary>
    public string? EventType { get; init; }

    /// <summary>
    /// A second publication with this key within <see cref="TopicHubOptions.IdempotencyWindow"/> is answered with the position of the first and not published,
    /// so that a publisher that does not know whether it got through may try again. Null, the default, is never a duplicate.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>
    /// When not 0: published only if larger than the last version of the topic (on a latest topic: of the key), so that an older state does not follow a newer one.
    /// Of no effect on topics whose order is a broker's.
    /// </summary>
    public long Version { get; init; }
}
