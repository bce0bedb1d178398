using System.Buffers;
using System.Text.Json;

namespace Engine.WebSockets;

/// <summary>What a server of <c>topics.v1</c> says, as JSON. Pure.</summary>
internal static class TopicReply
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[] Subscribed(TopicCommand command, in SubscribeResult result) => TopicJson.Subscribed(command.Topic, result, command.Id);

    public static byte[] Unsubscribed(TopicCommand command) => Write("unsubscribed", command.Id, json => json.WriteString("topic", command.Topic));

    public static byte[] Published(TopicCommand command, in PublishResult result)
    {
        PublishResult of = result;
        return Write("published", command.Id, json =>
        {
            json.WriteString("topic", command.Topic);
            json.WriteString("position", of.Position.ToString());
            if (of.Status == PublishStatus.Duplicate)
            {
                json.WriteBoolean("duplicate", true);
            }
        });
    }

    public static byte[] Pong(TopicCommand command) => Write("pong", command.Id, static _ => { });

    /// <param name="id">The command's id, or empty.</param>
    /// <param name="code">What went wrong, for programs.</param>
    /// <param name="retry">Whether the same command may succeed: <c>again</c> at once, <c>later</c>, or <c>never</c>.</param>
    public static byte[] Error(byte[] id, string code, string retry) => Write("error", id, json =>
    {
        json.WriteString("code", code);
        json.WriteString("retry", retry);
    });

    public static byte[] Advice(TimeSpan within) => Write("advice", [], json =>
    {
        json.WriteString("retry", "later");
        json.WriteNumber("withinMilliseconds", (long)within.TotalMilliseconds);
    });

    private static byte[] Write(string type, byte[] id, Action<Utf8JsonWriter> rest)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Writing);
        json.WriteStartObject();
        json.WriteString("type", type);
        if (id.Length > 0)
        {
            // As it stood in the command, which was valid there.
            json.WritePropertyName("id");
            json.WriteRawValue(id, skipInputValidation: true);
        }

        rest(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
