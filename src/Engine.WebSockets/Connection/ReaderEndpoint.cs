using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Engine.WebSockets;

/// <summary>The endpoint of a function that reads: each connection gets one call of it, which ends the connection when it returns.</summary>
internal sealed class ReaderEndpoint(WebSocketEndpointOptions options, Func<WebSocketConnection, CancellationToken, Task> serve) : WebSocketEndpoint(options)
{
    public override ValueTask OnOpen(WebSocketConnection socket)
    {
        _ = Serve(socket);
        return ValueTask.CompletedTask;
    }

    public override ValueTask OnMessage(WebSocketConnection socket, WebSocketMessage message) => ReaderOf(socket).OnMessage(message);

    public override ValueTask OnPart(WebSocketConnection socket, int heldBytes) => ReaderOf(socket).OnPart(heldBytes);

    public override void OnDrain(WebSocketConnection socket)
    {
    }

    public override void OnPing(WebSocketConnection socket, ReadOnlySpan<byte> payload)
    {
    }

    public override void OnPong(WebSocketConnection socket, ReadOnlySpan<byte> payload)
    {
    }

    public override void OnClose(WebSocketConnection socket, WebSocketClosure closure) => ReaderOf(socket).OnClosed();

    public override void OnError(WebSocketConnection socket, Exception exception)
    {
    }

    private static MessageReader ReaderOf(WebSocketConnection socket)
    {
        Debug.Assert(socket is WebSocketConnection<MessageReader>, "This endpoint makes its connections with a reader.");
        return Unsafe.As<WebSocketConnection<MessageReader>>(socket).Data;
    }

    private async Task Serve(WebSocketConnection socket)
    {
        ReaderOf(socket).Attach(socket.Connection);
        try
        {
            // Back to the loop, which is current here: the end is found in the same turn.
            await serve(socket, socket.ClosedToken).ConfigureAwait(true);
            socket.Close();
        }
        catch (OperationCanceledException) when (!socket.Connection.IsOpen)
        {
            // The end of the connection ended the function, as it should.
        }
        catch (Exception exception)
        {
            socket.Connection.Post(static state => ((FailedServe)state!).Report(), new FailedServe(socket, exception));
        }
        finally
        {
            ReaderOf(socket).Stop();
        }
    }

    private sealed class FailedServe(WebSocketConnection socket, Exception exception)
    {
        public void Report() => socket.Protocol.OnHandlerFailed(socket.Connection, exception);
    }
}
