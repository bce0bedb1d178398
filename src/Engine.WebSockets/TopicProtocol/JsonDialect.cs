namespace Engine.WebSockets;

/// <summary><c>topics.v1</c> as JSON text.</summary>
internal sealed class JsonDialect : TopicDialect
{
    public static readonly JsonDialect Instance = new();

    public override FrameOpcode Opcode => FrameOpcode.Text;

    public override TopicCommand? Read(ReadOnlySpan<byte> message) => TopicCommand.Read(message);

    public override byte[] Subscribed(TopicCommand command, in SubscribeResult result) => TopicReply.Subscribed(command, result);

    public override byte[] Unsubscribed(TopicCommand command) => TopicReply.Unsubscribed(command);

    public override byte[] Published(TopicCommand command, in PublishResult result) => TopicReply.Published(command, result);

    public override byte[] Pong(TopicCommand command) => TopicReply.Pong(command);

    public override byte[] Error(byte[] id, string code, string retry) => TopicReply.Error(id, code, retry);

    public override byte[] Message(Publication publication) => TopicJson.Message(publication);

    public override byte[] Gap(in TopicGap gap) => TopicJson.Gap(gap);

    public override byte[] Advice(TimeSpan within) => TopicReply.Advice(within);
}
