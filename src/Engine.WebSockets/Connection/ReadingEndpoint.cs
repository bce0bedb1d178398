namespace Engine.WebSockets;

/// <summary>The endpoint of connections whose messages are asked for.</summary>
internal class ReadingEndpoint(WebSocketEndpointOptions options, bool isClient) : WebSocketEndpoint(options, isClient)
{
    public override ValueTask OnOpen(WebSocketConnection socket) => ValueTask.CompletedTask;

    public override ValueTask OnMessage(WebSocketConnection socket, WebSocketMessage message) => socket.Reader!.OnMessage(message);

    public override ValueTask OnPart(WebSocketConnection socket, int heldBytes, bool isText) => socket.Reader!.OnPart(heldBytes, isText);

    public override void OnDrain(WebSocketConnection socket)
    {
    }

    public override void OnPing(WebSocketConnection socket, ReadOnlySpan<byte> payload)
    {
    }

    public override void OnPong(WebSocketConnection socket, ReadOnlySpan<byte> payload)
    {
    }

    public override bool DefersCloseAnswer(WebSocketConnection socket)
    {
        if (!socket.Reader!.DefersCloseAnswer)
        {
            return false;
        }

        socket.Reader.EndMessages();
        return true;
    }

    public override void OnClose(WebSocketConnection socket, WebSocketClosure closure) => socket.Reader!.OnClosed();

    public override void OnError(WebSocketConnection socket, Exception exception)
    {
    }
}
