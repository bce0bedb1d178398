using System.Net;
using System.Net.Sockets;

namespace Engine.TestKit.Tests;

/// <summary>Accepts one connection after another on a free loopback port and gives each to the test's function.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    // A bare socket, because a TcpListener that is stopped between two accepts refuses the second with an exception of another kind.
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _serving;

    public LoopbackServer(Func<Socket, Task> serve)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _serving = ServeAsync(serve);
    }

    public IPEndPoint EndPoint { get; }

    public static LoopbackServer Echo() => new(async socket =>
    {
        byte[] buffer = new byte[1024];
        for (int read; (read = await socket.ReceiveAsync(buffer)) > 0;)
        {
            await socket.SendAsync(buffer.AsMemory(0, read));
        }
    });

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stopping.Dispose();
    }

    private async Task ServeAsync(Func<Socket, Task> serve)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                using Socket socket = await _listener.AcceptAsync(_stopping.Token);
                await serve(socket);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The peer went, or the test is over, which the loop's condition tells apart.
            }
        }
    }
}
