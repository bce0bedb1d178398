using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Engine.Sse;

/// <summary>
/// One event of a stream (WHATWG HTML §9.2). Data of several lines, whatever their ends, arrives as one string with LF between the lines.
/// Without data the other fields are sent, but browsers dispatch nothing.
/// </summary>
/// <param name="data">The payload; null sends none.</param>
public readonly struct SseEvent(string? data) : IEquatable<SseEvent>
{
    /// <summary>The longest id in bytes of UTF-8: what fits into the head of a request beside its other fields.</summary>
    public const int MaxIdBytes = 4096;

    /// <summary>The payload; null sends none, the empty string one empty line.</summary>
    public string? Data { get; init; } = data;

    /// <summary>The payload as UTF-8, instead of <see cref="Data"/>. It must not change until the send has returned.</summary>
    public ReadOnlyMemory<byte> Utf8Data { get; init; }

    /// <summary>
    /// What the client gives back as <c>Last-Event-ID</c>; null leaves the last one as it is, the empty string clears it. What could not come back in a header
    /// field is refused when it is sent: control characters, spaces at the edges, half surrogate pairs, more than <see cref="MaxIdBytes"/>.
    /// </summary>
    public string? Id { get; init; }

    /// <summary>The event's name; null is <c>message</c>. No CR, LF or NUL.</summary>
    public string? EventType { get; init; }

    /// <summary>How long the client waits before it connects again, in whole milliseconds; null leaves it as it is.</summary>
    public TimeSpan? ReconnectionInterval { get; init; }

    /// <summary>A comment, which clients ignore. Line ends begin another comment line.</summary>
    public string? Comment { get; init; }

    /// <summary>An event whose data is a value as JSON, by the metadata of a source-generated context, named by the type's <see cref="SseEventAttribute"/> if it has one.</summary>
    public static SseEvent FromJson<T>(T value, JsonTypeInfo<T> typeInfo)
        => new(null) { Utf8Data = JsonSerializer.SerializeToUtf8Bytes(value, typeInfo), EventType = SseEventName<T>.Value };

    /// <inheritdoc/>
    public bool Equals(SseEvent other)
        => Data == other.Data && Utf8Data.Span.SequenceEqual(other.Utf8Data.Span) && Id == other.Id && EventType == other.EventType
            && ReconnectionInterval == other.ReconnectionInterval && Comment == other.Comment;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SseEvent other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Data, Id, EventType);

    /// <summary>Compares by value.</summary>
    public static bool operator ==(SseEvent left, SseEvent right) => left.Equals(right);

    /// <summary>Compares by value.</summary>
    public static bool operator !=(SseEvent left, SseEvent right) => !left.Equals(right);
}
