using System.Buffers;
using System.Text.Json;

namespace Engine.WebSockets;

/// <summary><c>topics.v1</c> as JSON text.</summary>
internal sealed class JsonDialect : TopicDialect
{
    public static readonly JsonDialect Instance = new();

    private static readonly JsonWriterOptions Writing = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public override FrameOpcode Opcode => FrameOpcode.Text;

    public override TopicCommand? Read(ReadOnlySpan<byte> message) => TopicCommand.Read(message);

    public override byte[] Subscribed(TopicCommand command, in SubscribeResult result) => TopicJson.Subscribed(command.Topic, result, command.Id);

    public override byte[] Unsubscribed(TopicCommand command) => Write("unsubscribed", command.Id, json => json.WriteString("topic", command.Topic));

    public override byte[] Published(TopicCommand command, in PublishResult result)
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

    public override byte[] Pong(TopicCommand command) => Write("pong", command.Id, static _ => { });

    public override byte[] Error(byte[] id, string code, string retry) => Write("error", id, json =>
    {
        json.WriteString("code", code);
        json.WriteString("retry", retry);
    });

    public override byte[] Message(Publication publication) => TopicJson.Message(publication);

    public override byte[] Gap(in TopicGap gap) => TopicJson.Gap(gap);

    public override byte[] Advice(TimeSpan within) => Write("advice", [], json =>
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
