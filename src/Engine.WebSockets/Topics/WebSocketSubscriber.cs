namespace Engine.WebSockets;

/// <summary>A WebSocket's subscriptions: what is published leaves as messages, byte for byte. Loop only.</summary>
internal sealed class WebSocketSubscriber(TopicHub hub, WebSocketConnection socket) : TopicSubscriber(hub, socket.Connection)
{
    public override object Peer => socket;

    protected override WireForm Form { get; } = socket.Endpoint.FramesFor(socket);

    protected override SendStatus TrySend(Publication publication, SharedSegment encoded) => socket.TrySendRepeatable(encoded, IsLastOfTurn);

    protected override ValueTask<SendStatus> SendAsync(Publication publication, SharedSegment encoded) => socket.SendSharedAsync(encoded);

    protected override bool Fits(int lengthBytes) => lengthBytes <= Connection.Options.MaxOutboundBytes;

    /// <summary>The handler is told, before anything that was published after the loss leaves: the topics go on when it has returned.</summary>
    protected override SendStatus TellGap(in TopicGap gap)
    {
        if (!socket.IsOpen)
        {
            return SendStatus.Closed;
        }

        Connection.Post(static state => ((Notice)state!).Run(), new Notice(socket, this, gap));
        return SendStatus.Queued;
    }

    protected override void CloseConnection(int code, string reason) => socket.Close(code == 0 ? (int)ClosePayload.TryAgainLater : code, reason);

    private sealed class Notice(WebSocketConnection socket, WebSocketSubscriber subscriber, TopicGap gap)
    {
        public void Run()
        {
            socket.Protocol.RaiseTopicGap(gap);
            subscriber.OnDrained();
        }
    }
}
