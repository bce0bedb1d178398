using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Engine.Http1;

namespace Engine.WebSockets.Tests;

/// <summary>Clients behind proxies, which are written here and carry bytes for real.</summary>
[Category("Sockets")]
public sealed class ClientProxyTests
{
    [Test]
    [CancelAfter(30_000)]
    public async Task Messages_go_through_a_proxy([Values] bool isSocks, [Values] bool isTls, [Values(TransportKind.Epoll, TransportKind.Sockets)] TransportKind transport, CancellationToken cancellation)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=inner.example", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("inner.example");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
        var serverOptions = new HttpServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
        serverOptions.Server.Tls = isTls ? new TlsOptions { Certificate = certificate } : null;
        await using var server = new HttpServer(serverOptions);
        server.MapWebSocket("/", new EchoHandler());
        await server.StartAsync(cancellation);
        using var proxy = new Proxy(isSocks, server.EndPoint);
        await using var engine = new EngineClient(new EngineClientOptions { Transport = transport });
        await using var client = new WebSocketClient(new Uri($"{(isTls ? "wss" : "ws")}://inner.example:1234/"), new WebSocketClientOptions
        {
            Engine = engine,
            Proxy = isSocks ? ConnectProxy.Socks5(proxy.EndPoint, "user", "pass") : ConnectProxy.Http(proxy.EndPoint, "user", "pass"),
            Tls = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, errors) => errors == SslPolicyErrors.RemoteCertificateChainErrors },
        });
        await client.ConnectAsync(cancellation);
        byte[] sent = RandomNumberGenerator.GetBytes(300_000);
        await client.SendBinaryAsync(sent, cancellationToken: cancellation);
        await foreach (ReceivedMessage message in client.ReadAllAsync(cancellation))
        {
            Assert.That(message.Data.Span.SequenceEqual(sent), Is.True);
            break;
        }

        Assert.That(proxy.Asked, Does.Contain("inner.example"));
        await client.CloseAsync();
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Refusal_of_a_proxy_is_why_connecting_fails([Values] bool isTls, CancellationToken cancellation)
    {
        using var proxy = new HandServer();
        var options = new WebSocketClientOptions { Proxy = ConnectProxy.Http(proxy.EndPoint) };
        await using var client = new WebSocketClient(new Uri(isTls ? "wss://inner.example/" : "ws://inner.example/"), options);
        Task connecting = client.ConnectAsync(cancellation);
        await using var peer = new NetworkStream(await proxy.AcceptSocketAsync(cancellation), ownsSocket: true);
        Assert.That(await HandServer.ReadHeadAsync(peer, cancellation), Does.StartWith($"CONNECT inner.example:{(isTls ? 443 : 80)} HTTP/1.1\r\n"));
        await peer.WriteAsync("HTTP/1.1 403 Forbidden\r\n\r\n"u8.ToArray(), cancellation);
        await Assert.ThatAsync(() => connecting, Throws.InstanceOf<IOException>().With.Message.Contains("403"));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Proxy_that_hangs_up_is_told([Values] bool isTls, CancellationToken cancellation)
    {
        using var proxy = new HandServer();
        var options = new WebSocketClientOptions { Proxy = ConnectProxy.Http(proxy.EndPoint) };
        await using var client = new WebSocketClient(new Uri(isTls ? "wss://inner.example/" : "ws://inner.example/"), options);
        Task connecting = client.ConnectAsync(cancellation);
        var peer = new NetworkStream(await proxy.AcceptSocketAsync(cancellation), ownsSocket: true);
        await HandServer.ReadHeadAsync(peer, cancellation);
        await peer.DisposeAsync();
        await Assert.ThatAsync(() => connecting, Throws.InstanceOf<IOException>().With.Message.Contains("proxy ended"));
    }

    /// <summary>Takes one connection, which has to show its password, to a server.</summary>
    private sealed class Proxy : IDisposable
    {
        private readonly HandServer _listener = new();
        private readonly Task _serving;

        public Proxy(bool isSocks, EndPoint target) => _serving = ServeAsync(isSocks, target);

        public EndPoint EndPoint => _listener.EndPoint;

        public string Asked { get; private set; } = "";

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync(bool isSocks, EndPoint target)
        {
            await using var near = new NetworkStream(await _listener.AcceptSocketAsync(CancellationToken.None), ownsSocket: true);
            Asked = isSocks ? await TakeSocksAsync(near) : await TakeHttpAsync(near);
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(target);
            await using var far = new NetworkStream(socket);
            await Task.WhenAny(near.CopyToAsync(far), far.CopyToAsync(near));
        }

        private static async Task<string> TakeHttpAsync(Stream near)
        {
            string head = await HandServer.ReadHeadAsync(near, CancellationToken.None);
            Assert.That(head, Does.Contain($"Proxy-Authorization: Basic {Convert.ToBase64String("user:pass"u8)}\r\n"));
            await near.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray());
            return head.Split("\r\n")[0];
        }

        private static async Task<string> TakeSocksAsync(Stream near)
        {
            Assert.That(await ReadAsync(near, 4), Is.EqualTo(new byte[] { 5, 2, 0, 2 }));
            await near.WriteAsync((byte[])[5, 2]);
            Assert.That(await ReadAsync(near, 11), Is.EqualTo((byte[])[1, 4, .. "user"u8, 4, .. "pass"u8]));
            await near.WriteAsync((byte[])[1, 0]);
            byte[] request = await ReadAsync(near, 5);
            byte[] rest = await ReadAsync(near, request[4] + 2);
            await near.WriteAsync((byte[])[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
            return Encoding.ASCII.GetString(rest.AsSpan(0, request[4]));
        }

        private static async Task<byte[]> ReadAsync(Stream near, int count)
        {
            byte[] bytes = new byte[count];
            await near.ReadExactlyAsync(bytes);
            return bytes;
        }
    }
}
