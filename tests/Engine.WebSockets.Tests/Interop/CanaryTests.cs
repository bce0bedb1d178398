using System.Net.WebSockets;
using Engine.Http1;

namespace Engine.WebSockets.Tests;

/// <summary>Every byte that a client sends names it. No byte of one client may ever be seen with another, whatever host code does with its messages.</summary>
[TestFixtureSource(nameof(Transports))]
[Category("Sockets")]
[CancelAfter(120_000)]
public sealed class CanaryTests(TransportKind transport)
{
    private const int ClientCount = 10;
    private const int MessageCount = 40;
    private const int MessageBytes = 65_536;

    private static IEnumerable<TransportKind> Transports => [TransportKind.Sockets, .. OperatingSystem.IsLinux() ? [TransportKind.Epoll] : Array.Empty<TransportKind>()];

    [Test]
    public async Task Messages_that_are_disposed_in_a_reading_loop_stay_their_clients_own(CancellationToken ct)
    {
        await RunAsync(
            async (socket, token) =>
            {
                await foreach (ReceivedMessage message in socket.ReadAllAsync(token))
                {
                    using (message)
                    {
                        await socket.SendAsync(message, token);
                    }

                    message.Dispose();
                }
            },
            ct);
    }

    [Test]
    public async Task Sends_that_nobody_awaits_carry_the_message_that_they_were_given(CancellationToken ct)
    {
        await RunAsync(
            async (socket, token) =>
            {
                await foreach (ReceivedMessage message in socket.ReadAllAsync(token))
                {
                    _ = socket.SendAsync(message, token).AsTask();
                }
            },
            ct);
    }

    [Test]
    public async Task Messages_that_a_handler_took_and_disposed_too_early_stay_their_clients_own(CancellationToken ct)
    {
        await RunAsync(server => server.MapWebSocket("/echo", new HastyHandler()), ct);
    }

    private Task RunAsync(Func<WebSocketConnection, CancellationToken, Task> serve, CancellationToken ct)
        => RunAsync(server => server.MapWebSocket("/echo", serve), ct);

    private async Task RunAsync(Action<HttpServer> map, CancellationToken ct)
    {
        await using SocketServer server = await SocketServer.StartAsync(map, transport: transport);
        await Task.WhenAll(Enumerable.Range(1, ClientCount).Select(client => TalkAsync(server.Uri, (byte)client, ct)));
    }

    /// <summary>Every third client leaves without a word in the middle of its messages, with answers on their way.</summary>
    private static async Task TalkAsync(Uri uri, byte canary, CancellationToken ct)
    {
        using var client = new ClientWebSocket();
        await client.ConnectAsync(uri, ct);
        byte[] message = new byte[MessageBytes];
        message.AsSpan().Fill(canary);
        bool leaves = canary % 3 == 0;
        int count = leaves ? MessageCount / 2 : MessageCount;
        Task sending = SendAsync(client, message, count, ct);
        byte[] received = new byte[MessageBytes];
        long total = 0;
        while (total < (leaves ? 5L : count) * MessageBytes)
        {
            ValueWebSocketReceiveResult result = await client.ReceiveAsync(received.AsMemory(), ct);
            Assert.That(result.MessageType, Is.EqualTo(WebSocketMessageType.Binary), $"{client.CloseStatus} {client.CloseStatusDescription}");
            Assert.That(received.AsSpan(0, result.Count).IndexOfAnyExcept(canary), Is.Negative, "bytes of another client");
            total += result.Count;
        }

        if (leaves)
        {
            client.Abort();
            await sending.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return;
        }

        await sending;
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, ct);
    }

    private static async Task SendAsync(ClientWebSocket client, byte[] message, int count, CancellationToken ct)
    {
        for (int i = 0; i < count; i++)
        {
            await client.SendAsync(message.AsMemory(), WebSocketMessageType.Binary, true, ct);
        }
    }

    private sealed class HastyHandler : WebSocketHandler<int>
    {
        public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message)
        {
            using ReceivedMessage taken = message.Take();
            _ = socket.SendAsync(taken).AsTask();
            taken.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
