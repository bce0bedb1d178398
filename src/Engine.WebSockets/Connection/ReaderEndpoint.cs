using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Engine.WebSockets;

/// <summary>The endpoint of a function that reads: each connection gets one call of it, which ends the connection when it returns.</summary>
internal sealed class ReaderEndpoint<TData>(WebSocketEndpointOptions options, Func<WebSocketConnection<TData>, CancellationToken, Task> serve)
    : ReadingEndpoint(options, isClient: false)
{
    public override ValueTask OnOpen(WebSocketConnection socket)
    {
        Debug.Assert(socket is WebSocketConnection<TData>, "An endpoint makes its own connections.");
        _ = Serve(Unsafe.As<WebSocketConnection<TData>>(socket));
        return ValueTask.CompletedTask;
    }

    private async Task Serve(WebSocketConnection<TData> socket)
    {
        socket.Reader!.Attach(socket.Connection, socket.Protocol);
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
            socket.Reader!.Stop();
        }
    }

    private sealed class FailedServe(WebSocketConnection socket, Exception exception)
    {
        public void Report() => socket.Protocol.OnHandlerFailed(socket.Connection, exception);
    }
}
