using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Engine.WebSockets;

/// <summary>The endpoint with the host's handler: one typed call for each event, so that connections need no type of the host's.</summary>
internal sealed class HandlerEndpoint<TData>(WebSocketEndpointOptions options, WebSocketHandler<TData> handler) : WebSocketEndpoint(options)
{
    public override ValueTask OnOpen(WebSocketConnection socket) => handler.OnOpenAsync(Typed(socket));

    public override ValueTask OnMessage(WebSocketConnection socket, WebSocketMessage message) => handler.OnMessage(Typed(socket), message);

    public override void OnDrain(WebSocketConnection socket) => handler.OnDrain(Typed(socket));

    public override void OnTopicGap(WebSocketConnection socket, in TopicGap gap) => handler.OnTopicGap(Typed(socket), gap);

    public override void OnPing(WebSocketConnection socket, ReadOnlySpan<byte> payload) => handler.OnPing(Typed(socket), payload);

    public override void OnPong(WebSocketConnection socket, ReadOnlySpan<byte> payload) => handler.OnPong(Typed(socket), payload);

    public override WebSocketCloseAnswer OnCloseReceived(WebSocketConnection socket, WebSocketCloseAnswer asked) => handler.OnCloseReceived(Typed(socket), asked);

    public override void OnStopping(WebSocketConnection socket) => handler.OnStopping(Typed(socket));

    public override void OnClose(WebSocketConnection socket, WebSocketClosure closure) => handler.OnClose(Typed(socket), closure);

    public override void OnError(WebSocketConnection socket, Exception exception) => handler.OnError(Typed(socket), exception);

    private static WebSocketConnection<TData> Typed(WebSocketConnection socket)
    {
        Debug.Assert(socket is WebSocketConnection<TData>, "An endpoint makes its own connections.");
        return Unsafe.As<WebSocketConnection<TData>>(socket);
    }
}
