using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>Bytes come back as they went, over each kind of address and however they are cut.</summary>
public sealed class EchoTests(TransportKind transport) : BothTransports(transport)
{
    [Test]
    public async Task A_message_comes_back()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo());
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("hello");
        Assert.That(await client.ReadExactlyAsync(5), Is.EqualTo("hello"u8.ToArray()));
    }

    [Test]
    public async Task Sixteen_megabytes_come_back_while_they_are_still_being_sent()
    {
        await using RunningServer server = await StartAsync(_ => new AsyncEchoProtocol());
        await using RawClient client = await server.ConnectAsync();
        byte[] sent = RandomNumberGenerator.GetBytes(16 << 20);
        Task sending = client.SendAsync(sent);
        byte[] received = await client.ReadExactlyAsync(sent.Length);
        await sending;
        Assert.That(received.AsSpan().SequenceEqual(sent), Is.True);
    }

    [Test]
    public async Task Bytes_that_arrive_one_by_one_come_back_in_order()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo());
        await using var proxy = new FaultProxy(server.EndPoint, new FaultPlan { PieceBytes = 1 }, new FaultPlan { PieceBytes = 1 });
        await using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);
        byte[] sent = RandomNumberGenerator.GetBytes(2_000);
        await client.SendAsync(sent);
        Assert.That(await client.ReadExactlyAsync(sent.Length), Is.EqualTo(sent));
    }

    [Test]
    public async Task Hundreds_of_connections_each_get_their_own_bytes_and_nobody_elses()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo());
        async Task TalkAsync(int number)
        {
            await using RawClient client = await server.ConnectAsync();
            for (int round = 0; round < 10; round++)
            {
                byte[] sent = RandomNumberGenerator.GetBytes(1 + ((number * 37) % 3000));
                await client.SendAsync(sent);
                Assert.That(await client.ReadExactlyAsync(sent.Length), Is.EqualTo(sent));
            }
        }

        await Task.WhenAll(Enumerable.Range(0, 300).Select(TalkAsync));
    }

    [Test]
    public async Task IPv6_and_dual_mode_and_unix_sockets_and_several_end_points_are_served_by_one_server()
    {
        string path = Path.Combine(Path.GetTempPath(), $"engine-{Guid.NewGuid():N}.sock");
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), options =>
        {
            options.EndPoints.Add(new IPEndPoint(IPAddress.IPv6Any, 0));
            options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, 0));
            options.EndPoints.Add(new UnixDomainSocketEndPoint(path));
        });
        int dualPort = ((IPEndPoint)server.Engine.EndPoints[0]).Port;
        EndPoint[] targets =
        [
            new IPEndPoint(IPAddress.IPv6Loopback, dualPort),
            new IPEndPoint(IPAddress.Loopback, dualPort),
            server.Engine.EndPoints[1],
            new UnixDomainSocketEndPoint(path),
        ];
        foreach (EndPoint target in targets)
        {
            await using RawClient client = await RawClient.ConnectAsync(target);
            await client.SendAsync("ping");
            Assert.That(await client.ReadExactlyAsync(4), Is.EqualTo("ping"u8.ToArray()), target.ToString());
        }
    }

    [Test]
    public async Task A_server_without_dual_mode_leaves_IPv4_to_others()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), options =>
        {
            options.DualMode = false;
            options.EndPoints.Add(new IPEndPoint(IPAddress.IPv6Any, 0));
        });
        var target = new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)server.EndPoint).Port);
        Assert.That(async () => await RawClient.ConnectAsync(target), Throws.InstanceOf<SocketException>());
    }

    [Test]
    public async Task Two_servers_share_a_port_when_both_ask_for_it_and_neither_does_otherwise()
    {
        await using RunningServer first = await StartAsync(_ => ProbeProtocol.Echo(), options => options.ReusePort = true);
        await using RunningServer second = await StartAsync(_ => ProbeProtocol.Echo(), options =>
        {
            options.ReusePort = true;
            options.EndPoints.Add(first.EndPoint);
        });
        Assert.That(second.EndPoint, Is.EqualTo(first.EndPoint));
        var third = new ServerOptions { Transport = Transport };
        third.EndPoints.Add(first.EndPoint);
        await using var refused = new EngineServer(third, _ => ProbeProtocol.Echo());
        Assert.That(async () => await refused.StartAsync(), Throws.InstanceOf<SocketException>());
    }

    [Test]
    public async Task Both_ends_know_each_others_addresses()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol { OnStart = static connection => _ = (connection.RemoteEndPoint, connection.LocalEndPoint) });
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync();
        Connection connection = await source.Take(TestContext.CurrentContext.CancellationToken).Started;
        Assert.That(connection.RemoteEndPoint, Is.EqualTo(client.LocalEndPoint));
        Assert.That(connection.LocalEndPoint, Is.EqualTo(server.EndPoint));
    }

    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    public async Task Peers_address_is_known_to_those_who_ask_after_its_reset(string address)
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next, options => options.EndPoints.Add(new IPEndPoint(IPAddress.Parse(address), 0)));
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(TestContext.CurrentContext.CancellationToken);
        Connection connection = await probe.Started;
        EndPoint expected = client.LocalEndPoint;
        client.Reset();
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.PeerReset));
        Assert.That(connection.RemoteEndPoint, Is.EqualTo(expected));
    }

    [Test]
    public async Task Socket_options_are_set_on_what_is_accepted()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options =>
        {
            options.KeepAlive = true;
            options.SendBufferBytes = 32_768;
            options.ReceiveBufferBytes = 32_768;
        });
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("x");
        Assert.That(await client.ReadExactlyAsync(1), Is.EqualTo("x"u8.ToArray()));
    }

    [Test]
    public async Task Connections_are_dealt_evenly_over_the_loops([Values(2, 3, 8, 64)] int count)
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.LoopCount = 2);
        var clients = new List<RawClient>();
        int[] byLoop = new int[2];
        for (int i = 0; i < count; i++)
        {
            clients.Add(await server.ConnectAsync());
            byLoop[(await source.Take(TestContext.CurrentContext.CancellationToken).Started).Id.LoopIndex]++;
        }

        Assert.That(Math.Abs(byLoop[0] - byLoop[1]), Is.LessThanOrEqualTo(1));
        foreach (RawClient client in clients)
        {
            await client.DisposeAsync();
        }
    }
}
