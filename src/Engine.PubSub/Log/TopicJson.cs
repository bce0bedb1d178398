using System.Buffers;
using System.Text.Json;

namespace Engine.PubSub;

/// <summary>
/// What subscribers of a topic are told, as JSON objects of the protocol <c>topics.v1</c>, for wires that carry text. Pure; any thread.
/// </summary>
public static class TopicJson
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>A message: its place, its key and type where it has them, and its payload as <c>data</c> (JSON), <c>text</c> or <c>base64</c>. UTF-8.</summary>
    public static byte[] Message(Publication publication)
    {
        ArgumentNullException.ThrowIfNull(publication);
        var buffer = new ArrayBufferWriter<byte>(publication.Payload.Length + 256);
        using var json = new Utf8JsonWriter(buffer, Writing);
        json.WriteStartObject();
        json.WriteString("type", "message");
        json.WriteString("topic", publication.Topic);
        if (publication.Pattern is { } pattern)
        {
            json.WriteString("pattern", pattern);
        }

        json.WriteString("position", publication.Position.ToString());
        json.WriteNumber("previous", publication.PreviousOffset);
        WriteIfThere(json, "key", publication.Key);
        WriteIfThere(json, "event", publication.EventType);
        if (publication.IsState)
        {
            json.WriteBoolean("state", true);
        }

        if (publication.IsRemoval)
        {
            json.WriteBoolean("removed", true);
        }
        else
        {
            WritePayload(json, publication);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Messages are lost: after which position, up to which, and how many where that is known. UTF-8.</summary>
    public static byte[] Gap(in TopicGap gap)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Writing);
        json.WriteStartObject();
        json.WriteString("type", "gap");
        json.WriteString("topic", gap.Topic);
        json.WriteString("after", gap.After.ToString());
        json.WriteString("to", gap.To.ToString());
        WriteCount(json, "missed", gap.MissedCount);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A subscription has begun: what becomes of the past. UTF-8.</summary>
    /// <param name="topic">The topic or pattern.</param>
    /// <param name="result">What <see cref="TopicSubscriber.Subscribe"/> returned.</param>
    /// <param name="id">The peer's own name of its command, as JSON; empty for none.</param>
    public static byte[] Subscribed(string topic, in SubscribeResult result, ReadOnlySpan<byte> id = default)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Writing);
        json.WriteStartObject();
        json.WriteString("type", "subscribed");
        if (!id.IsEmpty)
        {
            json.WritePropertyName("id");
            json.WriteRawValue(id, skipInputValidation: true);
        }

        json.WriteString("topic", topic);
        json.WriteString("kind", JsonNamingPolicy.CamelCase.ConvertName(result.Kind.ToString()));
        json.WriteString("status", JsonNamingPolicy.CamelCase.ConvertName(result.Status.ToString()));
        json.WriteString("position", result.Position.ToString());
        json.WriteNumber("recovered", result.RecoveredCount);
        if (result.Status == SubscribeStatus.Lost)
        {
            WriteCount(json, "lost", result.LostCount);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WritePayload(Utf8JsonWriter json, Publication publication)
    {
        switch (publication.Kind)
        {
            case PayloadKind.Json when !publication.Payload.IsEmpty:
                json.WritePropertyName("data");
                json.WriteRawValue(publication.Payload, skipInputValidation: true);
                break;
            case PayloadKind.Binary:
                json.WriteBase64String("base64", publication.Payload);
                break;
            default:
                json.WriteString("text", publication.Payload);
                break;
        }
    }

    private static void WriteCount(Utf8JsonWriter json, string name, long? count)
    {
        if (count is { } known)
        {
            json.WriteNumber(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void WriteIfThere(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
