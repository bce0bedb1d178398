using Engine.WebSockets;

namespace TestServer;

/// <summary>Gives every message back as it came. A peer that does not read its echoes is not read from.</summary>
internal sealed class EchoHandler : WebSocketHandler<int>
{
    public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message) => socket.EchoAsync(message);
}
