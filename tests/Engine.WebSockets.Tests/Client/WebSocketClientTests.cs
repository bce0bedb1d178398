using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Engine.WebSockets.Tests;

[Category("Sockets")]
public sealed class WebSocketClientTests
{
    [Test]
    [CancelAfter(60_000)]
    public async Task Messages_of_every_size_come_back([Values("plain", "deflate", "takeover")] string mode, CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync(options => options.Compression = Compression(mode));
        await using var client = new WebSocketClient(server.Uri, new WebSocketClientOptions { Compression = Compression(mode), MaxOutboxBytes = 40 << 20 });
        await client.ConnectAsync(cancellation);
        Assert.That(client.IsCompressed, Is.EqualTo(mode != "plain"));
        await using IAsyncEnumerator<ReceivedMessage> messages = client.ReadAllAsync(cancellation).GetAsyncEnumerator(cancellation);
        foreach (int size in new[] { 0, 1, 125, 126, 65_535, 65_536, 1 << 20, 16 << 20 })
        {
            byte[] noise = new byte[size];
            new Random(size).NextBytes(noise.AsSpan(0, size / 2));
            Assert.That(await client.SendBinaryAsync(noise, cancellationToken: cancellation), Is.Not.EqualTo(SendStatus.Dropped));
            Assert.That(await messages.MoveNextAsync(), Is.True);
            Assert.That(messages.Current.Data.Span.SequenceEqual(noise), Is.True, $"{size} bytes");
            Assert.That(messages.Current.IsText, Is.False);
            string text = new('\u20AC', size / 30);
            await client.SendTextAsync(text, cancellationToken: cancellation);
            Assert.That(await messages.MoveNextAsync(), Is.True);
            Assert.That(messages.Current.GetText(), Is.EqualTo(text));
        }

        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "done");
        Assert.That(await client.Completion, Is.EqualTo(new WebSocketClosure(WebSocketCloseStatus.NormalClosure, "done", true, CloseReason.Completed)));
        Assert.That(client.State, Is.EqualTo(WebSocketClientState.Closed));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Unix_socket_is_reached(CancellationToken cancellation)
    {
        string path = Path.Combine(Path.GetTempPath(), $"ws-{Guid.NewGuid():n}.sock");
        await using SocketServer server = await SocketServer.StartAsync(endPoint: new UnixDomainSocketEndPoint(path));
        await using var client = new WebSocketClient(new Uri("ws://local/echo"), new WebSocketClientOptions { EndPoint = new UnixDomainSocketEndPoint(path) });
        await client.ConnectAsync(cancellation);
        client.TrySendText("over unix");
        Assert.That(await FirstTextAsync(client, cancellation), Is.EqualTo("over unix"));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Lost_connection_is_made_again_greeted_first_and_the_outbox_follows(CancellationToken cancellation)
    {
        SocketServer first = await SocketServer.StartAsync();
        var endPoint = (IPEndPoint)first.EndPoint;
        await using var client = new WebSocketClient(first.Uri, new WebSocketClientOptions { MinReconnectDelay = TimeSpan.FromMilliseconds(20), MaxReconnectDelay = TimeSpan.FromMilliseconds(50) });
        int greetings = 0;
        client.Greet = greeting => greeting.AddText($"subscribe {++greetings} {greeting.IsReconnect}");
        var lost = new TaskCompletionSource<WebSocketClosure>();
        client.Disconnected += closure => lost.TrySetResult(closure);
        await client.ConnectAsync(cancellation);
        await using IAsyncEnumerator<ReceivedMessage> messages = client.ReadAllAsync(cancellation).GetAsyncEnumerator(cancellation);
        Assert.That(await NextAsync(messages), Is.EqualTo("subscribe 1 False"));

        first.Engine.ForEachConnection(connection => connection.Abort());
        Assert.That((int)(await lost.Task.WaitAsync(cancellation)).Code, Is.EqualTo(1006));
        await first.Engine.StopAsync(TimeSpan.Zero, cancellation);
        Assert.That(client.TrySendText("kept while offline"), Is.EqualTo(SendStatus.Sent).Or.EqualTo(SendStatus.Queued));
        await using SocketServer second = await SocketServer.StartAsync(endPoint: endPoint);
        List<string> seen = [];
        while (!seen.Contains("kept while offline"))
        {
            seen.Add(await NextAsync(messages));
        }

        Assert.That(seen[0], Does.StartWith("subscribe ").And.EndsWith(" True"));
        Assert.That(seen[^2], Does.StartWith("subscribe "), "the greeting goes before what waited");
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Client_gives_up_after_MaxReconnectAttempts_and_its_reading_ends(CancellationToken cancellation)
    {
        SocketServer server = await SocketServer.StartAsync();
        var options = new WebSocketClientOptions { MaxReconnectAttempts = 2, MinReconnectDelay = TimeSpan.FromMilliseconds(10), MaxReconnectDelay = TimeSpan.FromMilliseconds(20) };
        await using var client = new WebSocketClient(server.Uri, options);
        List<WebSocketClientState> states = [];
        client.StateChanged += states.Add;
        await client.ConnectAsync(cancellation);
        await server.Engine.StopAsync(TimeSpan.Zero, cancellation);
        await foreach (ReceivedMessage message in client.ReadAllAsync(cancellation))
        {
            Assert.Fail("nothing was sent");
        }

        await client.Completion.WaitAsync(cancellation);
        Assert.That(states, Is.EqualTo(new[] { WebSocketClientState.Open, WebSocketClientState.Reconnecting, WebSocketClientState.Closed }));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Outbox_is_bounded_while_offline_and_says_what_it_dropped(CancellationToken cancellation)
    {
        SocketServer server = await SocketServer.StartAsync();
        var client = new WebSocketClient(server.Uri, new WebSocketClientOptions { MaxOutboxBytes = 1_000, OutboxPolicy = BackpressurePolicy.DropOldest, MinReconnectDelay = TimeSpan.FromSeconds(5) });
        var lost = new TaskCompletionSource();
        client.Disconnected += _ => lost.TrySetResult();
        int dropped = 0;
        client.MessagesDropped += count => Interlocked.Add(ref dropped, count);
        await client.ConnectAsync(cancellation);
        await server.Engine.StopAsync(TimeSpan.Zero, cancellation);
        await lost.Task.WaitAsync(cancellation);
        for (int i = 0; i < 25; i++)
        {
            client.TrySendBinary(new byte[100]);
        }

        Assert.That(dropped, Is.EqualTo(15));
        Assert.That(client.BufferedAmount, Is.EqualTo(1_000));
        await client.DisposeAsync();
        Assert.That(client.DroppedCount, Is.EqualTo(25), "what never left is counted when the client ends");
        Assert.That(client.TrySendText("late"), Is.EqualTo(SendStatus.Closed));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Server_that_closes_with_1000_is_not_asked_again_and_reading_ends(CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync(handler: new ClosingHandler());
        await using var client = new WebSocketClient(server.Uri);
        await client.ConnectAsync(cancellation);
        client.TrySendText("close me");
        await foreach (ReceivedMessage message in client.ReadAllAsync(cancellation))
        {
            Assert.Fail("no message was sent");
        }

        Assert.That(await client.Completion, Is.EqualTo(new WebSocketClosure(WebSocketCloseStatus.NormalClosure, "as you wish", true, CloseReason.Completed)));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Refused_handshake_tells_its_status(CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<TcpClient> accepted = listener.AcceptTcpClientAsync(cancellation).AsTask();
        await using var client = new WebSocketClient(new Uri($"ws://{listener.LocalEndpoint}/"));
        Task connecting = client.ConnectAsync(cancellation);
        using TcpClient peer = await accepted;
        await peer.GetStream().WriteAsync("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), cancellation);
        WebSocketHandshakeException? exception = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting);
        Assert.That((exception!.StatusCode, exception.RetryAfter), Is.EqualTo((503, (TimeSpan?)TimeSpan.FromSeconds(7))));
        Assert.That(client.State, Is.EqualTo(WebSocketClientState.Closed));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Silent_server_is_pinged_and_given_up(CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var options = new WebSocketClientOptions { PingInterval = TimeSpan.FromMilliseconds(100), PongTimeout = TimeSpan.FromMilliseconds(200), Reconnect = false };
        await using var client = new WebSocketClient(new Uri($"ws://{listener.LocalEndpoint}/"), options);
        Task connecting = client.ConnectAsync(cancellation);
        using TcpClient peer = await listener.AcceptTcpClientAsync(cancellation);
        await AcceptAsync(peer.GetStream(), cancellation);
        await connecting;
        byte[] ping = new byte[6];
        await peer.GetStream().ReadExactlyAsync(ping, cancellation);
        Assert.That(ping[..2], Is.EqualTo(new byte[] { 0x89, 0x80 }), "a masked ping");
        Assert.That((int)(await client.Completion.WaitAsync(cancellation)).Code, Is.EqualTo(1006));
    }

    [TestCase("8102C328", 1007, TestName = "Server_that_sends_bad_text_gets_1007")]
    [TestCase("8181000000FF41", 1002, TestName = "Server_that_masks_gets_1002")]
    [TestCase("827F0000000100000000", 1009, TestName = "Server_that_announces_4_GB_gets_1009")]
    [TestCase("C10141", 1002, TestName = "Server_that_sets_rsv1_gets_1002")]
    [CancelAfter(30_000)]
    public async Task Client_fails_a_server_that_breaks_the_rules(string frame, int code)
    {
        using var source = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var client = new WebSocketClient(new Uri($"ws://{listener.LocalEndpoint}/"), new WebSocketClientOptions { Reconnect = false });
        Task connecting = client.ConnectAsync(source.Token);
        using TcpClient peer = await listener.AcceptTcpClientAsync(source.Token);
        await AcceptAsync(peer.GetStream(), source.Token);
        await connecting;
        await peer.GetStream().WriteAsync(Convert.FromHexString(frame), source.Token);
        byte[] header = new byte[6];
        await peer.GetStream().ReadExactlyAsync(header, source.Token);
        byte[] payload = new byte[header[1] & 0x7F];
        await peer.GetStream().ReadExactlyAsync(payload, source.Token);
        for (int i = 0; i < payload.Length; i++)
        {
            payload[i] ^= header[2 + (i & 3)];
        }

        Assert.That(header[0], Is.EqualTo(0x88));
        Assert.That((payload[0] << 8) | payload[1], Is.EqualTo(code));
        peer.Close();
        Assert.That((int)(await client.Completion.WaitAsync(source.Token)).Code, Is.EqualTo(code));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Good_message_before_a_fault_is_answered_before_the_close(CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var client = new WebSocketClient(new Uri($"ws://{listener.LocalEndpoint}/"), new WebSocketClientOptions { Reconnect = false });
        Task connecting = client.ConnectAsync(cancellation);
        using TcpClient peer = await listener.AcceptTcpClientAsync(cancellation);
        await AcceptAsync(peer.GetStream(), cancellation);
        await connecting;
        Task echoing = EchoAsync(client, cancellation);
        await peer.GetStream().WriteAsync((byte[])[0x81, 1, (byte)'a', 0x81, 1, (byte)'b', 0x83, 0], cancellation);
        byte[] back = new byte[16];
        await peer.GetStream().ReadExactlyAsync(back, cancellation);
        Assert.That((back[0], back[7], back[14]), Is.EqualTo((0x81, 0x81, 0x88)));
        peer.Close();
        await echoing;
        Assert.That((int)(await client.Completion).Code, Is.EqualTo(1002));

        static async Task EchoAsync(WebSocketClient client, CancellationToken cancellation)
        {
            await foreach (ReceivedMessage message in client.ReadAllAsync(cancellation))
            {
                await client.SendAsync(message, cancellation);
            }
        }
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Wss_is_spoken_over_tls_and_a_certificate_that_nobody_vouches_for_is_refused(CancellationToken cancellation)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var uri = new Uri($"wss://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/");
        var trusting = new WebSocketClientOptions
        {
            EndPoint = listener.LocalEndpoint,
            Reconnect = false,
            Tls = new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = (_, seen, _, _) => seen!.GetCertHashString() == certificate.GetCertHashString(),
            },
        };
        await using var client = new WebSocketClient(uri, trusting);
        Task connecting = client.ConnectAsync(cancellation);
        using TcpClient peer = await listener.AcceptTcpClientAsync(cancellation);
        await using var secure = new SslStream(peer.GetStream());
        await secure.AuthenticateAsServerAsync(certificate);
        await AcceptAsync(secure, cancellation);
        await connecting;
        await secure.WriteAsync((byte[])[0x81, 2, (byte)'h', (byte)'i'], cancellation);
        Assert.That(await FirstTextAsync(client, cancellation), Is.EqualTo("hi"));
        await secure.DisposeAsync();

        await using var strict = new WebSocketClient(uri, new WebSocketClientOptions { EndPoint = listener.LocalEndpoint });
        Task refused = strict.ConnectAsync(cancellation);
        using TcpClient second = await listener.AcceptTcpClientAsync(cancellation);
        await using var untrusted = new SslStream(second.GetStream());
        Task serving = untrusted.AuthenticateAsServerAsync(certificate);
        await Assert.ThatAsync(() => refused, Throws.InstanceOf<System.Security.Authentication.AuthenticationException>());
        await Task.WhenAny(serving, Task.Delay(1_000, cancellation));
    }

    [Test]
    public void Uri_of_another_scheme_is_refused()
    {
        Assert.That(() => new WebSocketClient(new Uri("http://localhost/")), Throws.ArgumentException);
        var options = new WebSocketClientOptions { OutboxPolicy = BackpressurePolicy.Disconnect };
        Assert.That(() => new WebSocketClient(new Uri("ws://localhost/"), options), Throws.ArgumentException);
    }

    private static WebSocketCompressionOptions? Compression(string mode) => mode == "plain"
        ? null
        : new WebSocketCompressionOptions { ServerContextTakeover = mode == "takeover", ClientContextTakeover = mode == "takeover", ThresholdBytes = 0 };

    private static async Task<string> FirstTextAsync(WebSocketClient client, CancellationToken cancellation)
    {
        await foreach (ReceivedMessage message in client.ReadAllAsync(cancellation))
        {
            return message.GetText();
        }

        throw new InvalidOperationException("The client ended.");
    }

    private static async Task<string> NextAsync(IAsyncEnumerator<ReceivedMessage> messages)
        => await messages.MoveNextAsync() ? messages.Current.GetText() : throw new InvalidOperationException("The client ended.");

    /// <summary>A server by hand.</summary>
    private static async Task AcceptAsync(Stream peer, CancellationToken cancellation)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await peer.ReadExactlyAsync(one, cancellation);
            head.Append((char)one[0]);
        }

        string key = head.ToString().Split("Sec-WebSocket-Key: ")[1].Split("\r\n")[0];
        string answer = $"HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: upgrade\r\nsec-websocket-accept: {AcceptKey.Compute(key)}\r\n\r\n";
        await peer.WriteAsync(Encoding.Latin1.GetBytes(answer), cancellation);
    }

    private sealed class ClosingHandler : WebSocketHandler<int>
    {
        public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message)
        {
            socket.Close(WebSocketCloseStatus.NormalClosure, "as you wish");
            return ValueTask.CompletedTask;
        }
    }
}
