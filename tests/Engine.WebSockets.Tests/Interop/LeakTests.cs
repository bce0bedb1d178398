using System.Net.WebSockets;
using System.Runtime.CompilerServices;

namespace Engine.WebSockets.Tests;

/// <summary>Connections that have ended leave nothing behind, whichever way they ended.</summary>
[Category("Sockets")]
[CancelAfter(60_000)]
public sealed class LeakTests
{
    [Test]
    public async Task Ended_connections_are_collected_and_everything_rented_is_back([Values("close", "abort", "vanish", "violate")] string end)
    {
        var handler = new Remembering();
        await using SocketServer server = await SocketServer.StartAsync(options => options.Compression = new WebSocketCompressionOptions { ThresholdBytes = 0 }, handler: handler);
        for (int i = 0; i < 50; i++)
        {
            await UseAsync(server, end);
        }

        long limit = Environment.TickCount64 + 15_000;
        while ((server.Engine.ConnectionCount > 0 || handler.AliveCount() > 1) && Environment.TickCount64 < limit)
        {
            await Task.Delay(20);
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.That(handler.Closed, Is.EqualTo(50));
        Assert.That(server.Engine.ConnectionCount, Is.Zero);
        Assert.That(server.Engine.Metrics.RentedSegments + server.Engine.Metrics.RentedRemainders, Is.Zero);

        // The loop's last turn may still be remembered by a register.
        Assert.That(handler.AliveCount(), Is.LessThanOrEqualTo(1));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task UseAsync(SocketServer server, string end)
    {
        using var client = new ClientWebSocket();
        client.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        await client.ConnectAsync(server.Uri, CancellationToken.None);
        byte[] message = new byte[300];
        await client.SendAsync(message, WebSocketMessageType.Binary, true, CancellationToken.None);
        await client.ReceiveAsync(new ArraySegment<byte>(message), CancellationToken.None);
        switch (end)
        {
            case "close":
                await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                break;
            case "abort":
                client.Abort();
                break;
            case "violate":
                await client.SendAsync(new byte[] { 0xFF }, WebSocketMessageType.Text, true, CancellationToken.None);
                _ = await client.ReceiveAsync(new ArraySegment<byte>(message), CancellationToken.None);
                break;
        }
    }

    private sealed class Remembering : WebSocketHandler<int>
    {
        private readonly List<WeakReference> _sockets = [];
        private int _closed;

        public int Closed => Volatile.Read(ref _closed);

        public int AliveCount()
        {
            lock (_sockets)
            {
                return _sockets.Count(socket => socket.IsAlive);
            }
        }

        public override void OnOpen(WebSocketConnection<int> socket)
        {
            lock (_sockets)
            {
                _sockets.Add(new WeakReference(socket));
            }
        }

        public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message) => socket.EchoAsync(message);

        public override void OnClose(WebSocketConnection<int> socket, WebSocketClosure closure) => Interlocked.Increment(ref _closed);
    }
}
