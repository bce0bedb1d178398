using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Engine.WebSockets.Tests;

/// <summary>A peer that reads slowly lives; one that reads nothing is given up.</summary>
[TestFixtureSource(nameof(Transports))]
[Category("Sockets")]
[CancelAfter(120_000)]
public sealed class SlowReaderTests(TransportKind transport)
{
    private const string Handshake =
        "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    private static IEnumerable<TransportKind> Transports => [TransportKind.Sockets, .. OperatingSystem.IsLinux() ? [TransportKind.Epoll] : Array.Empty<TransportKind>()];

    [Test]
    public async Task Reader_that_is_slower_than_its_pings_gets_all_of_a_long_message(CancellationToken ct)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("Elsewhere the kernel does not tell what the peer took.");
        }

        const int Length = 12 << 20;
        var handler = new Pushing(Length);
        await using SocketServer server = await StartAsync(handler);
        using Socket client = await OpenAsync(server, ct);
        byte[] buffer = new byte[64 << 10];
        long total = 0;
        while (total < Length)
        {
            int count = await client.ReceiveAsync(buffer, ct);
            Assert.That(count, Is.Positive, "the connection ended");
            total += count;
            await Task.Delay(25, ct);
        }

        Assert.That(handler.Closure.Task.IsCompleted, Is.False);
    }

    [Test]
    public async Task Reader_that_reads_nothing_is_given_up(CancellationToken ct)
    {
        var handler = new Pushing(48 << 20);
        await using SocketServer server = await StartAsync(handler);
        using Socket client = await OpenAsync(server, ct);
        WebSocketClosure closure = await handler.Closure.Task.WaitAsync(ct);
        Assert.That(closure.Transport, Is.EqualTo(CloseReason.Timeout));
    }

    private Task<SocketServer> StartAsync(Pushing handler) => SocketServer.StartAsync(
        options =>
        {
            options.PingInterval = TimeSpan.FromSeconds(1);
            options.PongTimeout = TimeSpan.FromSeconds(1.5);
        },
        handler: handler,
        transport: transport);

    private static async Task<Socket> OpenAsync(SocketServer server, CancellationToken ct)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 65_536 };
        await client.ConnectAsync((IPEndPoint)server.EndPoint, ct);
        await client.SendAsync(Encoding.ASCII.GetBytes(Handshake), ct);
        return client;
    }

    private sealed class Pushing(int length) : WebSocketHandler<int>
    {
        public TaskCompletionSource<WebSocketClosure> Closure { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void OnOpen(WebSocketConnection<int> socket) => _ = socket.SendBinaryAsync(new byte[length]).AsTask();

        public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message) => ValueTask.CompletedTask;

        public override void OnClose(WebSocketConnection<int> socket, WebSocketClosure closure) => Closure.TrySetResult(closure);
    }
}
