using System.Net;
using System.Net.Sockets;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>Servers behind a load balancer: whose header is believed, what it changes, and who is cut off.</summary>
public sealed class ProxyTransportConnectionTests(TransportKind transport) : BothTransports(transport)
{
    private const string Header = "PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\n";

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task A_trusted_peers_header_gives_the_connection_its_addresses_before_the_protocol_starts([Values(0, 1)] int pieceBytes)
    {
        EndPoint? seen = null;
        var source = new ProbeProtocol.Source(() => new ProbeProtocol
        {
            OnStart = connection => seen = connection.RemoteEndPoint,
            OnBytes = static (connection, bytes) =>
            {
                connection.TrySend(bytes);
                return bytes.Length;
            },
        });
        await using RunningServer server = await StartAsync(source.Next, TrustLoopback);
        await using var proxy = new FaultProxy(server.EndPoint, new FaultPlan { PieceBytes = pieceBytes });
        await using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(Header + "hello");
        Assert.That(await client.ReadExactlyAsync(5), Is.EqualTo("hello"u8.ToArray()));
        Connection connection = await source.Take(Cancellation).Started;
        Assert.That(seen, Is.EqualTo(new IPEndPoint(IPAddress.Parse("203.0.113.7"), 4711)));
        Assert.That(connection.LocalEndPoint, Is.EqualTo(new IPEndPoint(IPAddress.Parse("198.51.100.1"), 443)));
        Assert.That(server.Engine.Metrics.RentedRemainders, Is.Zero);
    }

    [Test]
    public async Task A_header_without_addresses_leaves_the_connections_own()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next, TrustLoopback);
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("PROXY UNKNOWN\r\n");
        Connection connection = await source.Take(Cancellation).Started;
        Assert.That(connection.RemoteEndPoint, Is.EqualTo(client.LocalEndPoint));
    }

    [Test]
    public async Task TLS_follows_the_header()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next, static options =>
        {
            TrustLoopback(options);
            options.Tls = new TlsOptions { Certificate = TestCertificates.Server };
        });
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint, preamble: Header);
        await client.SendAsync("x"u8.ToArray());
        await client.ReadExactlyAsync(1);
        Connection connection = await source.Take(Cancellation).Started;
        Assert.That(connection.IsSecure, Is.True);
        Assert.That(connection.RemoteEndPoint, Is.EqualTo(new IPEndPoint(IPAddress.Parse("203.0.113.7"), 4711)));
    }

    [TestCase("GET / HTTP/1.1\r\n\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4\r\n")]
    [TestCase("\r\n\r\n\0\r\nQUIT\n\x21\x12\0\x0c")]
    public async Task A_trusted_peer_without_a_proper_header_is_cut_off(string bytes)
    {
        int started = 0;
        await using RunningServer server = await StartAsync(
            _ =>
            {
                started++;
                return ProbeProtocol.Echo();
            },
            TrustLoopback);
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync(bytes);
        Assert.That(await client.ReadToEndAsync(), Is.Empty);
        await WhenEmptyAsync(server);
        Assert.That(started, Is.Zero);
    }

    [Test]
    public async Task A_trusted_peer_that_says_nothing_is_cut_off_after_the_header_timeout()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options =>
        {
            TrustLoopback(options);
            options.ProxyProtocol!.HeaderTimeout = TimeSpan.FromMilliseconds(200);
        });
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("PROXY TCP4 1.2");
        Assert.That(await client.ReadToEndAsync(), Is.Empty);
        Assert.That(client.SawReset, Is.True);
        await WhenEmptyAsync(server);
        Assert.That(server.Engine.Metrics.RentedRemainders, Is.Zero);
    }

    [Test]
    public async Task A_header_longer_than_MaxHeaderBytes_is_cut_off()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options =>
        {
            TrustLoopback(options);
            options.ProxyProtocol!.MaxHeaderBytes = 300;
        });
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("\r\n\r\n\0\r\nQUIT\n\x21\x11\x01\x1d");
        Assert.That(await client.ReadToEndAsync(), Is.Empty);
    }

    [Test]
    public async Task A_header_of_a_peer_that_is_not_trusted_is_just_bytes()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next, static options =>
        {
            options.ProxyProtocol = new ProxyProtocolOptions();
            options.ProxyProtocol.TrustedNetworks.Add(IPNetwork.Parse("192.0.2.0/24"));
        });
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync(Header);
        Assert.That(await client.ReadExactlyAsync(Header.Length), Is.EqualTo(System.Text.Encoding.Latin1.GetBytes(Header)));
        Assert.That((await source.Take(Cancellation).Started).RemoteEndPoint, Is.EqualTo(client.LocalEndPoint));
    }

    [Test]
    public async Task A_peer_that_is_not_trusted_is_refused_when_the_options_say_so()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.ProxyProtocol = new ProxyProtocolOptions { RefuseUntrusted = true });
        try
        {
            await using RawClient client = await server.ConnectAsync();
            Assert.That(await client.ReadToEndAsync(), Is.Empty);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Refused so soon that even the connect saw it.
        }

        Assert.That(server.Engine.Metrics.ConnectionsRefused, Is.EqualTo(1));
    }

    [Test]
    public async Task Limits_by_address_count_the_announced_one()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options =>
        {
            TrustLoopback(options);
            options.MaxConnectionsPerAddress = 1;
        });
        async Task<bool> IsServedAsync(RawClient client, string address)
        {
            await client.SendAsync($"PROXY TCP4 {address} 198.51.100.1 1 2\r\nx");
            return (await client.ReadSomeAsync()).Length == 1;
        }

        await using RawClient second = await server.ConnectAsync();
        await using (RawClient first = await server.ConnectAsync())
        {
            await using RawClient third = await server.ConnectAsync();
            Assert.That(await IsServedAsync(first, "203.0.113.1"), Is.True);
            Assert.That(await IsServedAsync(second, "203.0.113.2"), Is.True, "all of them come from one load balancer");
            Assert.That(await IsServedAsync(third, "203.0.113.1"), Is.False);
        }

        await WhenEmptyAsync(server, but: 1);
        await using RawClient fourth = await server.ConnectAsync();
        Assert.That(await IsServedAsync(fourth, "203.0.113.1"), Is.True, "the one that left is not counted any more");
    }

    [Test]
    public async Task A_peer_over_a_Unix_socket_is_trusted_by_default()
    {
        string path = Path.Combine(Path.GetTempPath(), $"engine-{Guid.NewGuid():N}.sock");
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next, options =>
        {
            options.ProxyProtocol = new ProxyProtocolOptions();
            options.EndPoints.Add(new UnixDomainSocketEndPoint(path));
        });
        await using RawClient client = await RawClient.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await client.SendAsync(Header);
        Assert.That((await source.Take(Cancellation).Started).RemoteEndPoint, Is.EqualTo(new IPEndPoint(IPAddress.Parse("203.0.113.7"), 4711)));
    }

    [Test]
    public void Options_out_of_range_are_refused()
    {
        Assert.That(() => new ProxyProtocolOptions { TrustUnixPeers = false }.Freeze(), Throws.ArgumentException);
        Assert.That(() => new ProxyProtocolOptions { HeaderTimeout = TimeSpan.Zero }.Freeze(), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new ProxyProtocolOptions { MaxHeaderBytes = 100 }.Freeze(), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new ProxyProtocolOptions { MaxHeaderBytes = 100_000 }.Freeze(), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static void TrustLoopback(ServerOptions options)
    {
        options.ProxyProtocol = new ProxyProtocolOptions();
        options.ProxyProtocol.TrustedNetworks.Add(IPNetwork.Parse("127.0.0.0/8"));
    }

    private static async Task WhenEmptyAsync(RunningServer server, int but = 0)
    {
        while (server.Engine.ConnectionCount > but)
        {
            await Task.Delay(5, Cancellation);
        }
    }
}
