using System.Net.WebSockets;
using System.Text;
using Stand = System.Net.WebSockets.WebSocketState;

namespace Engine.WebSockets.Tests;

/// <summary>
/// The promises of the runtime's <see cref="WebSocket"/>, kept alike by the runtime's own client and by ours: each test has one against a server, whose side is a
/// WebSocket of ours too.
/// </summary>
[Category("Interop")]
[TestFixture(true)]
[TestFixture(false)]
public sealed class RuntimeWebSocketTests(bool isOurs)
{
    private SocketServer _server = null!;
    private TaskCompletionSource<WebSocket> _accepted = null!;
    private TaskCompletionSource _done = null!;

    [SetUp]
    public async Task Start()
    {
        _accepted = new TaskCompletionSource<WebSocket>(TaskCreationOptions.RunContinuationsAsynchronously);
        _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new WebSocketEndpointOptions();
        options.SubProtocols.Add("chat");
        _server = await SocketServer.StartAsync(server => server.MapWebSocket(
            "/echo",
            async (socket, _) =>
            {
                _accepted.SetResult(socket.AsWebSocket());
                await _done.Task;
            },
            options));
    }

    [TearDown]
    public async Task Stop()
    {
        _done.TrySetResult();
        await _server.DisposeAsync();
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Messages_go_both_ways_in_pieces_of_the_buffers_size(CancellationToken cancellation)
    {
        (WebSocket client, WebSocket server) = await ConnectAsync(cancellation);
        Assert.That((client.State, server.State, client.SubProtocol, server.SubProtocol), Is.EqualTo((Stand.Open, Stand.Open, "chat", "chat")));
        foreach ((WebSocket from, WebSocket to) in new[] { (client, server), (server, client) })
        {
            foreach (int size in new[] { 0, 1, 10, 1_000, 300_000 })
            {
                byte[] message = new byte[size];
                new Random(size).NextBytes(message);
                Task sending = from.SendAsync(message, WebSocketMessageType.Binary, true, cancellation);
                (WebSocketMessageType type, byte[] back) = await ReadAsync(to, 777, cancellation);
                await sending;
                Assert.That((type, back.AsSpan().SequenceEqual(message)), Is.EqualTo((WebSocketMessageType.Binary, true)), $"{size} bytes");
            }
        }
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Message_may_be_sent_in_pieces(CancellationToken cancellation)
    {
        (WebSocket client, WebSocket server) = await ConnectAsync(cancellation);
        foreach ((WebSocket from, WebSocket to) in new[] { (client, server), (server, client) })
        {
            await from.SendAsync("one "u8.ToArray(), WebSocketMessageType.Text, false, cancellation);
            await from.SendAsync("two "u8.ToArray(), WebSocketMessageType.Text, false, cancellation);
            await from.SendAsync("three"u8.ToArray(), WebSocketMessageType.Text, true, cancellation);
            (WebSocketMessageType type, byte[] back) = await ReadAsync(to, 100, cancellation);
            Assert.That((type, Encoding.UTF8.GetString(back)), Is.EqualTo((WebSocketMessageType.Text, "one two three")));
        }
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Close_is_a_message_and_its_owner_answers_it_with_words_of_its_own([Values] bool isByServer, CancellationToken cancellation)
    {
        (WebSocket client, WebSocket server) = await ConnectAsync(cancellation);
        (WebSocket first, WebSocket second) = isByServer ? (server, client) : (client, server);
        await first.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "going", cancellation);
        Assert.That(first.State, Is.EqualTo(Stand.CloseSent));
        WebSocketReceiveResult close = await second.ReceiveAsync(new ArraySegment<byte>(new byte[10]), cancellation);
        Assert.That((close.MessageType, close.EndOfMessage, close.Count), Is.EqualTo((WebSocketMessageType.Close, true, 0)));
        Assert.That((close.CloseStatus, close.CloseStatusDescription), Is.EqualTo((WebSocketCloseStatus.EndpointUnavailable, "going")));
        Assert.That((second.State, second.CloseStatus, second.CloseStatusDescription), Is.EqualTo((Stand.CloseReceived, WebSocketCloseStatus.EndpointUnavailable, "going")));

        // Who has closed may still receive, and who has not may still send.
        await second.SendAsync("last words"u8.ToArray(), WebSocketMessageType.Text, true, cancellation);
        (_, byte[] words) = await ReadAsync(first, 100, cancellation);
        Assert.That(Encoding.UTF8.GetString(words), Is.EqualTo("last words"));
        await second.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye then", cancellation);
        Assert.That(second.State, Is.EqualTo(Stand.Closed));
        close = await first.ReceiveAsync(new ArraySegment<byte>(new byte[10]), cancellation);
        Assert.That((close.CloseStatus, close.CloseStatusDescription), Is.EqualTo((WebSocketCloseStatus.NormalClosure, "bye then")));
        Assert.That(first.State, Is.EqualTo(Stand.Closed));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task CloseAsync_waits_for_the_answer([Values] bool isByServer, CancellationToken cancellation)
    {
        (WebSocket client, WebSocket server) = await ConnectAsync(cancellation);
        (WebSocket first, WebSocket second) = isByServer ? (server, client) : (client, server);
        Task closing = first.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", cancellation);
        Assert.That(closing.IsCompleted, Is.False);
        await second.ReceiveAsync(new ArraySegment<byte>(new byte[10]), cancellation);
        await second.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "too", cancellation);
        await closing;
        Assert.That((first.State, first.CloseStatus, first.CloseStatusDescription), Is.EqualTo((Stand.Closed, WebSocketCloseStatus.NormalClosure, "too")));
        Assert.That(second.State, Is.EqualTo(Stand.Closed));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Receive_that_is_cancelled_ends_the_WebSocket([Values] bool isByServer, CancellationToken cancellation)
    {
        (WebSocket client, WebSocket server) = await ConnectAsync(cancellation);
        (WebSocket first, WebSocket second) = isByServer ? (server, client) : (client, server);
        using var cancel = new CancellationTokenSource();
        Task receiving = first.ReceiveAsync(new ArraySegment<byte>(new byte[10]), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThatAsync(() => receiving, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(first.State, Is.EqualTo(Stand.Aborted));
        await Assert.ThatAsync(() => second.ReceiveAsync(new ArraySegment<byte>(new byte[10]), cancellation), Throws.InstanceOf<WebSocketException>());
        Assert.That(second.State, Is.EqualTo(Stand.Aborted));
        await Assert.ThatAsync(() => first.ReceiveAsync(new ArraySegment<byte>(new byte[10]), cancellation), Throws.InstanceOf<WebSocketException>());
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Misuse_is_refused_as_the_runtime_refuses_it([Values] bool isByServer, CancellationToken cancellation)
    {
        (WebSocket client, WebSocket server) = await ConnectAsync(cancellation);
        WebSocket one = isByServer ? server : client;
        Assert.That(() => one.SendAsync(new byte[1], WebSocketMessageType.Close, true, cancellation), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => one.CloseOutputAsync((WebSocketCloseStatus)1006, "", cancellation), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => one.CloseAsync(WebSocketCloseStatus.NormalClosure, new string('x', 124), cancellation), Throws.InstanceOf<ArgumentException>());
        Assert.That(one.State, Is.EqualTo(Stand.Open));
        await one.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
        Assert.That(() => one.SendAsync(new byte[1], WebSocketMessageType.Binary, true, cancellation), Throws.InstanceOf<WebSocketException>());
        one.Dispose();
        Assert.That(() => one.ReceiveAsync(new ArraySegment<byte>(new byte[1]), cancellation), Throws.InstanceOf<Exception>());
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Dispose_of_an_open_one_is_the_end_for_the_other([Values] bool isByServer, CancellationToken cancellation)
    {
        (WebSocket client, WebSocket server) = await ConnectAsync(cancellation);
        (WebSocket first, WebSocket second) = isByServer ? (server, client) : (client, server);
        first.Dispose();
        WebSocketException? lost = await Assert.ThrowsAsync<WebSocketException>(() => second.ReceiveAsync(new ArraySegment<byte>(new byte[10]), cancellation));
        Assert.That(lost!.WebSocketErrorCode, Is.EqualTo(System.Net.WebSockets.WebSocketError.ConnectionClosedPrematurely));
    }

    private static async Task<(WebSocketMessageType Type, byte[] Message)> ReadAsync(WebSocket socket, int bufferBytes, CancellationToken cancellation)
    {
        var message = new MemoryStream();
        byte[] buffer = new byte[bufferBytes];
        while (true)
        {
            ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), cancellation);
            message.Write(buffer, 0, result.Count);
            if (result.EndOfMessage)
            {
                return (result.MessageType, message.ToArray());
            }
        }
    }

    private async Task<(WebSocket Client, WebSocket Server)> ConnectAsync(CancellationToken cancellation)
    {
        WebSocket client;
        if (isOurs)
        {
            var options = new WebSocketClientOptions();
            options.SubProtocols.Add("chat");
            client = (await WebSocketClient.OpenAsync(_server.Uri, options, cancellation)).AsWebSocket();
        }
        else
        {
            var runtimes = new ClientWebSocket();
            runtimes.Options.AddSubProtocol("chat");
            await runtimes.ConnectAsync(_server.Uri, cancellation);
            client = runtimes;
        }

        return (client, await _accepted.Task.WaitAsync(cancellation));
    }
}
