using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Engine.Http1;

namespace Engine.WebSockets.Tests;

/// <summary>How a client comes to a connection: first, again, and not at all.</summary>
[Category("Sockets")]
public sealed class WebSocketAttemptTests
{
    [Test]
    [CancelAfter(30_000)]
    public async Task Server_that_accepts_and_closes_at_once_uses_up_the_attempts(CancellationToken cancellation)
    {
        var handler = new ClosingHandler();
        await using SocketServer server = await SocketServer.StartAsync(handler: handler);
        await using var client = new WebSocketClient(server.Uri, Quick(options => options.MaxReconnectAttempts = 3));
        await client.ConnectAsync(cancellation);
        Assert.That((int)(await client.Completion.WaitAsync(cancellation)).Code, Is.EqualTo(1013));
        Assert.That(handler.Count, Is.EqualTo(4));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Connection_that_lasted_MinUptime_begins_the_count_anew(CancellationToken cancellation)
    {
        var handler = new ClosingHandler();
        await using SocketServer server = await SocketServer.StartAsync(handler: handler);
        await using var client = new WebSocketClient(server.Uri, Quick(options => (options.MaxReconnectAttempts, options.MinUptime) = (1, TimeSpan.Zero)));
        var enough = new TaskCompletionSource();
        int lost = 0;
        client.Disconnected += _ =>
        {
            if (++lost == 5)
            {
                enough.TrySetResult();
            }
        };
        await client.ConnectAsync(cancellation);
        await enough.Task.WaitAsync(cancellation);
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Dispose_while_connecting_ends_at_once(CancellationToken cancellation)
    {
        using var silent = new HandServer();
        var client = new WebSocketClient(silent.Uri, new WebSocketClientOptions { ConnectTimeout = TimeSpan.FromMinutes(5) });
        Task connecting = client.ConnectAsync(cancellation);
        using Socket socket = await silent.AcceptSocketAsync(cancellation);
        await client.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), cancellation);
        await Assert.ThatAsync(() => connecting, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(client.State, Is.EqualTo(WebSocketClientState.Closed));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Handlers_that_throw_are_told_and_stop_nothing(CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync();
        var client = new WebSocketClient(server.Uri, Quick());
        List<string> faults = [];
        client.Faulted += exception => faults.Add(exception.Message);
        client.Faulted += _ => throw new InvalidOperationException("from Faulted");
        client.StateChanged += state => throw new InvalidOperationException($"from {state}");
        client.Disconnected += _ => throw new InvalidOperationException("from Disconnected");
        await client.ConnectAsync(cancellation);
        await client.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), cancellation);
        Assert.That(faults, Is.EqualTo(new[] { "from Open", "from Disconnected", "from Closed" }));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Greeting_that_throws_is_told_and_tried_again(CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync();
        await using var client = new WebSocketClient(server.Uri, Quick());
        var fault = new TaskCompletionSource<Exception>();
        client.Faulted += exception => fault.TrySetResult(exception);
        int greetings = 0;
        client.Greet = greeting =>
        {
            if (++greetings == 2)
            {
                throw new InvalidOperationException("token service is down");
            }

            greeting.AddText($"greeting {greetings}");
        };
        await client.ConnectAsync(cancellation);
        await using IAsyncEnumerator<ReceivedMessage> messages = client.ReadAllAsync(cancellation).GetAsyncEnumerator(cancellation);
        await messages.MoveNextAsync();
        server.Engine.ForEachConnection(connection => connection.Abort());
        await messages.MoveNextAsync();
        Assert.That(messages.Current.GetText(), Is.EqualTo("greeting 3"));
        Assert.That((await fault.Task.WaitAsync(cancellation)).Message, Is.EqualTo("token service is down"));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Hook_gives_each_attempt_a_token_and_learns_why_the_last_one_failed(CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync(handler: new TokenHandler());
        var failures = new List<int?>();
        await using var client = new WebSocketClient(server.Uri, Quick(options =>
        {
            options.RetryFirstConnect = true;
            options.Headers["X-Kept"] = "yes";
            options.BeforeConnect = async (attempt, token) =>
            {
                await Task.Yield();
                token.ThrowIfCancellationRequested();
                failures.Add((attempt.LastFailure as WebSocketHandshakeException)?.StatusCode);
                attempt.Headers["X-Token"] = $"{attempt.Number}{attempt.IsReconnect}";
            };
        }));
        await client.ConnectAsync(cancellation);
        Assert.That(failures, Is.EqualTo(new int?[] { null, 401 }));
        await client.CloseAsync();
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task First_connect_is_retried_where_that_is_asked_for(CancellationToken cancellation)
    {
        var server = new HandServer();
        IPEndPoint endPoint = server.EndPoint;
        Uri uri = server.Uri;
        server.Dispose();
        await using var client = new WebSocketClient(uri, Quick(options => options.RetryFirstConnect = true));
        var failed = new TaskCompletionSource<Exception>();
        client.Faulted += exception => failed.TrySetResult(exception);
        Task connecting = client.ConnectAsync(cancellation);
        Assert.That(await failed.Task.WaitAsync(cancellation), Is.InstanceOf<IOException>());
        await using SocketServer late = await SocketServer.StartAsync(server => server.MapWebSocket("/", new EchoHandler()), endPoint);
        await connecting;
        Assert.That(client.State, Is.EqualTo(WebSocketClientState.Open));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task First_connect_fails_for_good_after_MaxReconnectAttempts(CancellationToken cancellation)
    {
        var server = new HandServer();
        Uri uri = server.Uri;
        server.Dispose();
        await using var client = new WebSocketClient(uri, Quick(options => (options.RetryFirstConnect, options.MaxReconnectAttempts) = (true, 3)));
        int faults = 0;
        client.Faulted += _ => faults++;
        await Assert.ThatAsync(() => client.ConnectAsync(cancellation), Throws.InstanceOf<IOException>());
        Assert.That(faults, Is.EqualTo(2), "the third is thrown");
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Interim_answers_come_before_the_101(CancellationToken cancellation)
    {
        using var server = new HandServer();
        await using var client = new WebSocketClient(server.Uri, Quick());
        Task<Stream> accepting = server.AcceptAsync(cancellation, before: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n");
        await client.ConnectAsync(cancellation);
        await using Stream peer = await accepting;
        Assert.That(client.State, Is.EqualTo(WebSocketClientState.Open));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task IPv6_server_is_reached_by_its_address(CancellationToken cancellation)
    {
        if (!Socket.OSSupportsIPv6)
        {
            Assert.Ignore("There is no IPv6 here.");
        }

        await using SocketServer server = await SocketServer.StartAsync(endPoint: new IPEndPoint(IPAddress.IPv6Loopback, 0));
        await using var client = new WebSocketClient(server.Uri, Quick());
        await client.ConnectAsync(cancellation);
        Assert.That(client.State, Is.EqualTo(WebSocketClientState.Open));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Certificate_has_to_show_the_uris_host_where_the_options_name_none(CancellationToken cancellation)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
        await using var server = new HttpServer(new HttpServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Server = { Tls = new TlsOptions { Certificate = certificate } } });
        server.MapWebSocket("/", new EchoHandler());
        await server.StartAsync(cancellation);
        SslPolicyErrors errors = SslPolicyErrors.None;
        var options = Quick(options =>
        {
            options.EndPoint = server.EndPoint;
            options.Tls = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, _, _, seen) =>
                {
                    errors = seen;
                    return (errors & SslPolicyErrors.RemoteCertificateNotAvailable) == 0;
                },
            };
        });
        await using var client = new WebSocketClient(new Uri("wss://localhost/"), options);
        await client.ConnectAsync(cancellation);
        Assert.That(errors, Is.EqualTo(SslPolicyErrors.RemoteCertificateChainErrors), "not the name");
    }

    [Test]
    public void Uri_of_an_attempt_stays_a_WebSockets()
    {
        var attempt = new WebSocketAttempt(new Uri("ws://a/"), new Dictionary<string, string>(), 1, false, null);
        Assert.That(() => attempt.Uri = new Uri("http://a/"), Throws.ArgumentException);
        attempt.Uri = new Uri("wss://b/");
        Assert.That(attempt.Uri.Host, Is.EqualTo("b"));
    }

    private static WebSocketClientOptions Quick(Action<WebSocketClientOptions>? configure = null)
    {
        var options = new WebSocketClientOptions { MinReconnectDelay = TimeSpan.FromMilliseconds(10), MaxReconnectDelay = TimeSpan.FromMilliseconds(50) };
        configure?.Invoke(options);
        return options;
    }

    private sealed class ClosingHandler : WebSocketHandler<int>
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public override void OnOpen(WebSocketConnection<int> socket)
        {
            Interlocked.Increment(ref _count);
            socket.Close(1013, "try again later");
        }

        public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message) => ValueTask.CompletedTask;
    }

    private sealed class TokenHandler : WebSocketHandler<int>
    {
        public override ValueTask OnUpgradeAsync(WebSocketUpgrade<int> upgrade)
        {
            RequestHeaders headers = upgrade.Context.Request.Headers;
            if (headers["X-Token"] != "2False" || headers["X-Kept"] != "yes")
            {
                upgrade.Context.Response.StatusCode = 401;
            }

            return ValueTask.CompletedTask;
        }

        public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message) => ValueTask.CompletedTask;
    }
}
