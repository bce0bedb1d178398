namespace Engine.WebSockets;

/// <summary>A client's subscriptions: messages and gaps leave as messages of <c>topics.v1</c>. Loop only.</summary>
internal sealed class TopicProtocolSubscriber(TopicHub hub, WebSocketConnection socket, TopicProtocolForm form, TopicDialect dialect) : TopicSubscriber(hub, socket.Connection)
{
    public override object Peer => socket;

    protected override WireForm Form => form;

    protected override SendStatus TrySend(Publication publication, SharedSegment encoded) => socket.TrySendRepeatable(encoded, IsLastOfTurn);

    protected override ValueTask<SendStatus> SendAsync(Publication publication, SharedSegment encoded) => socket.SendSharedAsync(encoded);

    protected override bool Fits(int lengthBytes) => lengthBytes <= Connection.Options.MaxOutboundBytes;

    protected override SendStatus TellGap(in TopicGap gap) => socket.TrySend(dialect.Opcode, dialect.Gap(gap), compress: true);

    protected override void CloseConnection(int code, string reason) => socket.Close(code == 0 ? (int)ClosePayload.TryAgainLater : code, reason);
}
