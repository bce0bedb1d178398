using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engine.WebSockets;

/// <summary>One message of a topic, as a <see cref="TopicClient"/> received it. Immutable, and valid for as long as it is held.</summary>
public sealed class ReceivedTopicMessage
{
    internal ReceivedTopicMessage(string topic, TopicPosition position, ReadOnlyMemory<byte> payload, PayloadKind kind)
    {
        Topic = topic;
        Position = position;
        Payload = payload;
        Kind = kind;
    }

    /// <summary>The topic that it was published to, which may be one of many where a pattern was subscribed to.</summary>
    public string Topic { get; }

    /// <summary>Its place. Hand it back as <see cref="TopicSubscribeOptions.After"/> to go on after it.</summary>
    public TopicPosition Position { get; }

    /// <summary>The bytes; empty where <see cref="IsRemoval"/> is set.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>What the bytes are.</summary>
    public PayloadKind Kind { get; }

    /// <summary>The key that it is the newest value of, on a latest topic; null for none.</summary>
    public string? Key { get; internal init; }

    /// <summary>The type of the event; null where the publisher named none.</summary>
    public string? EventType { get; internal init; }

    /// <summary>Whether it is the state of the topic, which the server made for this subscription.</summary>
    public bool IsState { get; internal init; }

    /// <summary>Whether the key has no value any more.</summary>
    public bool IsRemoval { get; internal init; }

    /// <summary>The payload as a string. Allocates it.</summary>
    public string GetText() => Encoding.UTF8.GetString(Payload.Span);

    /// <summary>The payload read as JSON by source-generated metadata.</summary>
    /// <exception cref="JsonException">The payload is no JSON of that shape.</exception>
    public T? ReadJson<T>(JsonTypeInfo<T> typeInfo) => JsonSerializer.Deserialize(Payload.Span, typeInfo);
}
