using System.Net.WebSockets;
using System.Text;

namespace Engine.WebSockets.Tests;

/// <summary>What a client sends, when, and how its connections end, over both transports.</summary>
[Category("Sockets")]
[TestFixture(TransportKind.Epoll)]
[TestFixture(TransportKind.Sockets)]
public sealed class ClientSessionTests(TransportKind transport)
{
    private EngineClient _engine = null!;

    [SetUp]
    public void Start() => _engine = new EngineClient(new EngineClientOptions { Transport = transport });

    [TearDown]
    public async Task Stop() => await _engine.DisposeAsync();

    [Test]
    [CancelAfter(30_000)]
    public async Task Slow_server_that_takes_bytes_is_alive(CancellationToken cancellation)
    {
        using var server = new HandServer(receiveBufferBytes: 65_536);
        await using WebSocketClient client = Client(server.Uri, options =>
        {
            options.PingInterval = options.PongTimeout = TimeSpan.FromMilliseconds(300);
            options.Reconnect = false;
        });
        Task<Stream> accepting = server.AcceptAsync(cancellation);
        await client.ConnectAsync(cancellation);
        await using Stream peer = await accepting;
        const int length = 6 << 20;
        await client.SendBinaryAsync(new byte[length], cancellationToken: cancellation);
        byte[] buffer = new byte[65_536];
        long taken = 0;
        while (taken < length)
        {
            int count = await peer.ReadAsync(buffer, cancellation);
            Assert.That(count, Is.Not.Zero, $"the client gave up after {taken} bytes: {client.State}");
            taken += count;
            await Task.Delay(10, cancellation);
        }

        Assert.That(client.State, Is.EqualTo(WebSocketClientState.Open));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Dispose_ends_within_CloseTimeout_when_the_server_reads_nothing(CancellationToken cancellation)
    {
        using var server = new HandServer(receiveBufferBytes: 65_536);
        WebSocketClient client = Client(server.Uri, options =>
        {
            options.PingInterval = Timeout.InfiniteTimeSpan;
            options.CloseTimeout = TimeSpan.FromMilliseconds(500);
        });
        Task<Stream> accepting = server.AcceptAsync(cancellation);
        await client.ConnectAsync(cancellation);
        await using Stream peer = await accepting;
        await client.SendBinaryAsync(new byte[16 << 20], cancellationToken: cancellation);
        await client.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), cancellation);
        Assert.That((await client.Completion).Transport, Is.EqualTo(CloseReason.Timeout));
        Assert.That(client.DroppedCount, Is.EqualTo(1));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Close_sends_all_that_waits_before_its_frame(CancellationToken cancellation)
    {
        using var server = new HandServer(receiveBufferBytes: 65_536);
        await using WebSocketClient client = Client(server.Uri, options => options.MaxOutboxBytes = 8 << 20);
        Task<Stream> accepting = server.AcceptAsync(cancellation);
        await client.ConnectAsync(cancellation);
        await using Stream peer = await accepting;
        for (int i = 0; i < 100; i++)
        {
            Assert.That(client.TrySendBinary(Enumerable.Repeat((byte)i, 40_000).ToArray()), Is.Not.EqualTo(SendStatus.Dropped));
        }

        Task closing = client.CloseAsync(4_001, "enough");
        for (int i = 0; i < 100; i++)
        {
            (byte first, byte[] payload) = await HandServer.ReadFrameAsync(peer, cancellation);
            Assert.That((first, payload.Length, payload[0]), Is.EqualTo(((byte)0x82, 40_000, (byte)i)));
        }

        (byte opcode, byte[] close) = await HandServer.ReadFrameAsync(peer, cancellation);
        Assert.That((opcode, Encoding.UTF8.GetString(close.AsSpan(2))), Is.EqualTo(((byte)0x88, "enough")));
        await peer.WriteAsync((byte[])[0x88, 2, close[0], close[1]], cancellation);
        byte[] end = new byte[1];
        Task<int> reading = peer.ReadAsync(end, cancellation).AsTask();
        Assert.That(reading.IsCompleted, Is.False, "the server ends the connection first (RFC 6455 7.1.1)");
        await peer.DisposeAsync();
        await closing;
        Assert.That(await client.Completion, Is.EqualTo(new WebSocketClosure((WebSocketCloseStatus)4_001, "", true, CloseReason.Completed)));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Client_that_reads_nothing_notices_that_its_server_is_gone(CancellationToken cancellation)
    {
        using var server = new HandServer();
        await using WebSocketClient client = Client(server.Uri, options => (options.Reconnect, options.MaxUnreadMessages) = (false, 4));
        Task<Stream> accepting = server.AcceptAsync(cancellation);
        await client.ConnectAsync(cancellation);
        Stream peer = await accepting;
        for (int i = 0; i < 10; i++)
        {
            await peer.WriteAsync((byte[])[0x81, 1, (byte)('0' + i)], cancellation);
        }

        await peer.DisposeAsync();
        await client.Completion.WaitAsync(cancellation);
        List<string> read = [];
        await foreach (ReceivedMessage message in client.ReadAllAsync(cancellation))
        {
            read.Add(message.GetText());
        }

        Assert.That(read.Take(4), Is.EqualTo(new[] { "0", "1", "2", "3" }), "what was received before can still be read");
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Client_that_reads_nothing_notices_a_reset_behind_much_that_it_did_not_read(CancellationToken cancellation)
    {
        using var server = new HandServer();
        await using WebSocketClient client = Client(server.Uri, options => (options.Reconnect, options.MaxUnreadMessages, options.PingInterval) = (false, 1, TimeSpan.FromMilliseconds(200)));
        Task<Stream> accepting = server.AcceptAsync(cancellation);
        await client.ConnectAsync(cancellation);
        Stream peer = await accepting;
        await peer.WriteAsync(Enumerable.Repeat((byte[])[0x82, 126, 4, 0, .. new byte[1_024]], 300).SelectMany(frame => frame).ToArray(), cancellation);
        await peer.DisposeAsync();
        await client.Completion.WaitAsync(cancellation);
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Client_that_only_sends_reads_past_what_it_discards(CancellationToken cancellation)
    {
        using var server = new HandServer();
        await using WebSocketClient client = Client(server.Uri, options => (options.DiscardMessages, options.MaxUnreadMessages) = (true, 1));
        Task<Stream> accepting = server.AcceptAsync(cancellation);
        await client.ConnectAsync(cancellation);
        await using Stream peer = await accepting;
        for (int i = 0; i < 1_000; i++)
        {
            await peer.WriteAsync((byte[])[0x81, 1, (byte)'x'], cancellation);
        }

        await peer.WriteAsync((byte[])[0x89, 1, (byte)'p'], cancellation);
        (byte first, byte[] payload) = await HandServer.ReadFrameAsync(peer, cancellation);
        Assert.That((first, payload), Is.EqualTo(((byte)0x8A, "p"u8.ToArray())));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Pings_go_on_when_no_answer_is_demanded(CancellationToken cancellation)
    {
        using var server = new HandServer();
        await using WebSocketClient client = Client(server.Uri, options => (options.PingInterval, options.PongTimeout) = (TimeSpan.FromMilliseconds(50), Timeout.InfiniteTimeSpan));
        Task<Stream> accepting = server.AcceptAsync(cancellation);
        await client.ConnectAsync(cancellation);
        await using Stream peer = await accepting;
        for (int i = 0; i < 3; i++)
        {
            Assert.That((await HandServer.ReadFrameAsync(peer, cancellation)).First, Is.EqualTo(0x89));
        }
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Secrets_stay_plain_and_prepared_messages_are_packed_once(CancellationToken cancellation)
    {
        using var server = new HandServer();
        await using WebSocketClient client = Client(server.Uri, options => options.Compression = new WebSocketCompressionOptions { ThresholdBytes = 0 });
        Task<Stream> accepting = server.AcceptAsync(
            cancellation, "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n");
        await client.ConnectAsync(cancellation);
        await using Stream peer = await accepting;
        string text = new('a', 100);
        using PreparedMessage prepared = PreparedMessage.Text(text);
        client.TrySendText(text);
        client.TrySendText(text, compress: false);
        client.TrySend(prepared);
        await client.SendAsync(prepared, cancellation);
        await client.SendTextAsync(text, compress: false, cancellation);
        List<byte> firsts = [];
        for (int i = 0; i < 5; i++)
        {
            (byte first, byte[] payload) = await HandServer.ReadFrameAsync(peer, cancellation);
            firsts.Add(first);
            Assert.That(payload.Length, first == 0x81 ? Is.EqualTo(100) : Is.LessThan(20));
        }

        Assert.That(firsts, Is.EqualTo(new byte[] { 0xC1, 0x81, 0xC1, 0xC1, 0x81 }));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Connection_of_the_moment_streams_and_pings(CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync(transport: transport);
        await using WebSocketClient client = Client(server.Uri);
        Assert.That((client.Connection, client.TryPing()), Is.EqualTo(((WebSocketConnection?)null, SendStatus.Closed)));
        await client.ConnectAsync(cancellation);
        MessageWriter? writer = await client.Connection!.StartMessageAsync(isText: true, cancellation);
        await writer!.WriteAsync("one "u8.ToArray(), cancellation);
        Assert.That(client.TryPing("p"u8), Is.EqualTo(SendStatus.Sent), "control frames may come between fragments");
        client.TrySendText("behind");
        await writer.CompleteAsync("message"u8.ToArray(), cancellation);
        await using IAsyncEnumerator<ReceivedMessage> messages = client.ReadAllAsync(cancellation).GetAsyncEnumerator(cancellation);
        await messages.MoveNextAsync();
        Assert.That(messages.Current.GetText(), Is.EqualTo("one message"));
        await messages.MoveNextAsync();
        Assert.That(messages.Current.GetText(), Is.EqualTo("behind"));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Abort_ends_for_good_without_a_close_frame(CancellationToken cancellation)
    {
        using var server = new HandServer();
        await using WebSocketClient client = Client(server.Uri);
        Task<Stream> accepting = server.AcceptAsync(cancellation);
        await client.ConnectAsync(cancellation);
        await using Stream peer = await accepting;
        client.Abort();
        Assert.That((int)(await client.Completion.WaitAsync(cancellation)).Code, Is.EqualTo(1006));
        await Assert.ThatAsync(() => peer.ReadAsync(new byte[1], cancellation).AsTask(), Throws.InstanceOf<IOException>(), "a reset");
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Messages_of_several_threads_arrive_whole_and_each_threads_in_order(CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync(transport: transport);
        await using WebSocketClient client = Client(server.Uri, options => options.MaxOutboxBytes = 100_000);
        await client.ConnectAsync(cancellation);
        const int each = 300;
        Task[] senders = [.. Enumerable.Range(0, 4).Select(SendAllAsync)];
        int[] next = new int[4];
        await foreach (ReceivedMessage message in client.ReadAllAsync(cancellation))
        {
            string[] parts = message.GetText().Split(' ');
            int sender = int.Parse(parts[0]);
            Assert.That((int.Parse(parts[1]), parts[2].Length), Is.EqualTo((next[sender], next[sender] * 37 % 5_000)));
            next[sender]++;
            if (next.Sum() == 4 * each)
            {
                break;
            }
        }

        await Task.WhenAll(senders);

        async Task SendAllAsync(int sender)
        {
            await Task.Yield();
            for (int i = 0; i < each; i++)
            {
                await client.SendTextAsync($"{sender} {i} {new string('x', i * 37 % 5_000)}", cancellationToken: cancellation);
            }
        }
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Message_that_the_lost_connection_did_not_take_arrives_by_the_next(CancellationToken cancellation)
    {
        using var server = new HandServer(receiveBufferBytes: 65_536);
        await using WebSocketClient client = Client(server.Uri, options =>
        {
            options.MaxOutboxBytes = 40 << 20;
            options.MinReconnectDelay = TimeSpan.FromMilliseconds(10);
        });
        Task<Stream> accepting = server.AcceptAsync(cancellation);
        await client.ConnectAsync(cancellation);
        Stream first = await accepting;
        client.TrySendBinary(new byte[16 << 20]);
        client.TrySendText("second");
        await first.ReadExactlyAsync(new byte[100_000], cancellation);
        await first.DisposeAsync();
        await using Stream second = await server.AcceptAsync(cancellation);
        Assert.That((await HandServer.ReadFrameAsync(second, cancellation)).Payload, Has.Length.EqualTo(16 << 20));
        Assert.That((await HandServer.ReadFrameAsync(second, cancellation)).Payload, Is.EqualTo("second"u8.ToArray()));
        Assert.That(client.DroppedCount, Is.Zero);
    }

    private WebSocketClient Client(Uri uri, Action<WebSocketClientOptions>? configure = null)
    {
        var options = new WebSocketClientOptions { Engine = _engine };
        configure?.Invoke(options);
        return new WebSocketClient(uri, options);
    }
}
