using System.Net;
using System.Net.Sockets;

namespace Engine.TestKit.Tests;

/// <summary>Accepts one connection after another on a free loopback port and gives each to the test's function.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _serving;

    public LoopbackServer(Func<Socket, Task> serve)
    {
        _listener.Start();
        EndPoint = (IPEndPoint)_listener.LocalEndpoint;
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
        _listener.Stop();
        await _serving;
    }

    private async Task ServeAsync(Func<Socket, Task> serve)
    {
        while (true)
        {
            try
            {
                using Socket socket = await _listener.AcceptSocketAsync();
                await serve(socket);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                if (!_listener.Server.IsBound)
                {
                    return;
                }
            }
        }
    }
}
