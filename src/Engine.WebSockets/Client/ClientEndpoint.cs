using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Engine.WebSockets;

/// <summary>What all connections of one client share: messages go to its inbox, ends to the connection's session.</summary>
internal sealed class ClientEndpoint(WebSocketClientOptions options, ClientInbox inbox) : WebSocketEndpoint(options.ToEndpoint(), isClient: true)
{
    private static readonly TimeSpan FailurePatience = TimeSpan.FromSeconds(1);

    public override ValueTask OnOpen(WebSocketConnection socket) => ValueTask.CompletedTask;

    public override ValueTask OnMessage(WebSocketConnection socket, WebSocketMessage message) => inbox.Add(message.TakeBytes(), SessionOf(socket).IsPeerGone);

    /// <summary>What the kernel still has is read past the bound, so that the end is seen also where nobody reads.</summary>
    public override void OnPeerGone(WebSocketConnection socket)
    {
        SessionOf(socket).IsPeerGone = true;
        inbox.GiveRoom();
    }

    public override void OnDrain(WebSocketConnection socket)
    {
    }

    public override void OnPing(WebSocketConnection socket, ReadOnlySpan<byte> payload)
    {
    }

    public override void OnPong(WebSocketConnection socket, ReadOnlySpan<byte> payload)
    {
    }

    /// <summary>The answers to the good messages before the fault go out before the close frame, if the reader gives them soon.</summary>
    public override ValueTask WhenSettled(WebSocketConnection socket)
    {
        Task handled = inbox.WhenHandledAsync();
        return handled.IsCompleted ? ValueTask.CompletedTask : WithinPatience(handled);

        static async ValueTask WithinPatience(Task handled)
        {
            try
            {
                await handled.WaitAsync(FailurePatience).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // A reader that is busy elsewhere does not hold up the end.
            }
        }
    }

    /// <summary>Answers that were given may still be in the outbox.</summary>
    public override void OnFailing(WebSocketConnection socket) => SessionOf(socket).Pump();

    public override void OnClose(WebSocketConnection socket, WebSocketClosure closure) => SessionOf(socket).OnClosed(closure);

    public override void OnError(WebSocketConnection socket, Exception exception)
    {
    }

    private static ClientSession SessionOf(WebSocketConnection socket)
    {
        Debug.Assert(socket is WebSocketConnection<ClientSession>, "This endpoint's connections are made with a session.");
        return Unsafe.As<WebSocketConnection<ClientSession>>(socket).Data;
    }
}
