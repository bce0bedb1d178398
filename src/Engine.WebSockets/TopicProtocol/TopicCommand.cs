using System.Text;
using System.Text.Json;

namespace Engine.WebSockets;

/// <summary>One message of a client of <c>topics.v1</c>, in JSON or in the binary form. Unknown members are skipped, so that later versions may add some.</summary>
internal sealed class TopicCommand
{
    private const int MaxIdBytes = 128;

    /// <summary>What is asked for; None when the message is no command.</summary>
    public TopicCommandKind Kind { get; set; }

    /// <summary>The client's own name of the command, as it stood: a number or a string; empty for none.</summary>
    public byte[] Id { get; set; } = [];

    public string Topic { get; set; } = "";

    /// <summary>The position that a subscription goes on from; null for none. One that cannot be read is <see cref="TopicPosition.Unknown"/>.</summary>
    public TopicPosition? After { get; set; }

    /// <summary>How many of the last messages a subscription without a usable position begins with.</summary>
    public int LastCount { get; set; }

    public byte[] Payload { get; set; } = [];

    public PayloadKind PayloadKind { get; set; }

    /// <summary>Whether there is a payload, in one of its three forms.</summary>
    public bool HasPayload { get; set; }

    public string? Key { get; set; }

    public string? EventType { get; set; }

    public string? IdempotencyKey { get; set; }

    public long Version { get; set; }

    /// <summary>Whether the publisher hears its own message.</summary>
    public bool HasEcho { get; set; } = true;

    public TopicMessage ToMessage() => new(Payload, PayloadKind) { Key = Key, EventType = EventType, IdempotencyKey = IdempotencyKey, Version = Version };

    /// <summary>Returns null for what is no JSON object, or has a member of a wrong type.</summary>
    public static TopicCommand? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }

            var command = new TopicCommand();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (!command.TryTake(ref reader, json))
                {
                    return null;
                }
            }

            return reader.Read() ? null : command;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private bool TryTake(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        string name = reader.GetString()!;
        reader.Read();
        switch (name)
        {
            case "type":
                Kind = KindOf(reader.GetString());
                return true;
            case "id":
                Id = reader.TokenType is JsonTokenType.Number or JsonTokenType.String ? json[(int)reader.TokenStartIndex..(int)reader.BytesConsumed].ToArray() : [];
                return Id.Length is > 0 and <= MaxIdBytes;
            case "topic":
                Topic = reader.GetString() ?? "";
                return true;
            case "after":
                string? after = reader.GetString();
                After = after is null ? null : TopicPosition.TryParse(after, out TopicPosition position) ? position : TopicPosition.Unknown;
                return true;
            case "last":
                LastCount = reader.GetInt32();
                return LastCount >= 0;
            case "data":
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                return TrySetPayload(json[start..(int)reader.BytesConsumed].ToArray(), PayloadKind.Json);
            case "text":
                return TrySetPayload(Encoding.UTF8.GetBytes(reader.GetString() ?? ""), PayloadKind.Text);
            case "base64":
                return TrySetPayload(reader.GetBytesFromBase64(), PayloadKind.Binary);
            case "key":
                Key = reader.GetString();
                return true;
            case "event":
                EventType = reader.GetString();
                return IsEventType(EventType);
            case "idempotencyKey":
                IdempotencyKey = reader.GetString();
                return true;
            case "version":
                Version = reader.GetInt64();
                return Version >= 0;
            case "echo":
                HasEcho = reader.GetBoolean();
                return true;
            default:
                reader.Skip();
                return true;
        }
    }

    /// <summary>Whether a name can stand in a line of an event stream.</summary>
    public static bool IsEventType(string? type) => type is null || type.AsSpan().IndexOfAny('\r', '\n', '\0') < 0;

    /// <summary>Sets the payload. False when there was one before, or it is not what its kind says.</summary>
    public bool TrySetPayload(byte[] payload, PayloadKind kind)
    {
        bool isFirst = !HasPayload;
        HasPayload = true;
        Payload = payload;
        PayloadKind = kind;
        return isFirst;
    }

    private static TopicCommandKind KindOf(string? type) => type switch
    {
        "subscribe" => TopicCommandKind.Subscribe,
        "unsubscribe" => TopicCommandKind.Unsubscribe,
        "publish" => TopicCommandKind.Publish,
        "ping" => TopicCommandKind.Ping,
        _ => TopicCommandKind.None,
    };
}

/// <summary>What a client asks for.</summary>
internal enum TopicCommandKind : byte
{
    None = 0,
    Subscribe = 1,
    Unsubscribe = 2,
    Publish = 3,
    Ping = 4,
}
