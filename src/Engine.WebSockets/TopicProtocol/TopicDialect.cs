namespace Engine.WebSockets;

/// <summary>One of the two forms of <c>topics.v1</c>: reads what clients send and writes what the server says. Any thread.</summary>
internal abstract class TopicDialect
{
    /// <summary>The kind of the messages, in both directions.</summary>
    public abstract FrameOpcode Opcode { get; }

    /// <summary>Returns null for what is no command.</summary>
    public abstract TopicCommand? Read(ReadOnlySpan<byte> message);

    public abstract byte[] Subscribed(TopicCommand command, in SubscribeResult result);

    public abstract byte[] Unsubscribed(TopicCommand command);

    public abstract byte[] Published(TopicCommand command, in PublishResult result);

    public abstract byte[] Pong(TopicCommand command);

    /// <param name="id">The command's id, or empty.</param>
    /// <param name="code">What went wrong, for programs.</param>
    /// <param name="retry">Whether the same command may succeed: <c>later</c> or <c>never</c>.</param>
    public abstract byte[] Error(byte[] id, string code, string retry);

    public abstract byte[] Message(Publication publication);

    public abstract byte[] Gap(in TopicGap gap);

    /// <summary>The server is about to end the connection.</summary>
    /// <param name="within">Clients come back at a moment of their own in so long.</param>
    public abstract byte[] Advice(TimeSpan within);
}
