using System.Net;
using System.Net.Sockets;
using Engine.TestKit;
using Microsoft.Win32.SafeHandles;

namespace Engine.Tests;

/// <summary>What networks and machines do to a server: descriptors that run out, peers that are killed, relays that delay, cut, lose and reset.</summary>
[NonParallelizable]
public sealed class FaultTests(TransportKind transport) : BothTransports(transport)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    [Platform("Linux")]
    public async Task Running_out_of_descriptors_is_survived_and_served_again_afterwards()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo());
        await using RawClient early = await server.ConnectAsync();
        await early.SendAsync("a");
        await early.ReadExactlyAsync(1);

        // The sockets of the peers exist before the process runs out; connecting them needs no descriptor of this side.
        using var limit = new DescriptorLimit(room: 64);
        Socket[] peers = [.. Enumerable.Range(0, 20).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))];
        var hoard = new List<SafeFileHandle>();
        try
        {
            try
            {
                while (true)
                {
                    hoard.Add(File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
                }
            }
            catch (IOException)
            {
                // None left.
            }

            foreach (Socket peer in peers)
            {
                peer.Connect(server.EndPoint);
            }

            while (server.Engine.Metrics.AcceptErrors == 0)
            {
                Cancellation.ThrowIfCancellationRequested();
                Thread.Yield();
            }

            await early.SendAsync("b");
            Assert.That(await early.ReadExactlyAsync(1), Is.EqualTo("b"u8.ToArray()), "those who are in are still served");
        }
        finally
        {
            foreach (SafeFileHandle file in hoard)
            {
                file.Dispose();
            }

            foreach (Socket peer in peers)
            {
                peer.Dispose();
            }
        }

        await using RawClient late = await server.ConnectAsync();
        await late.SendAsync("c");
        Assert.That(await late.ReadExactlyAsync(1), Is.EqualTo("c"u8.ToArray()));
    }

    [Test]
    [Platform("Linux")]
    public async Task Peers_that_are_killed_in_the_middle_of_a_message_end_their_connections()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next);
        int port = ((IPEndPoint)server.EndPoint).Port;
        var ended = new List<Task<CloseReason>>();
        for (int i = 0; i < 5; i++)
        {
            await using ChildProcess peer = ChildProcess.Start("bash", ["-c", $"exec 3<>/dev/tcp/127.0.0.1/{port}; while true; do echo half a message >&3; done"]);
            ProbeProtocol probe = source.Take(Cancellation);
            while (server.Engine.Metrics.BytesReceived == 0)
            {
                await Task.Yield();
            }

            ended.Add(probe.Closed);
        }

        foreach (CloseReason reason in await Task.WhenAll(ended).WaitAsync(Cancellation))
        {
            Assert.That(reason, Is.AnyOf(CloseReason.PeerClosed, CloseReason.PeerReset));
        }
    }

    [Test]
    public async Task A_relay_that_delays_and_cuts_changes_nothing_but_the_time()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo());
        var slow = new FaultPlan { Delay = TimeSpan.FromMilliseconds(5), PieceBytes = 7 };
        await using var proxy = new FaultProxy(server.EndPoint, slow, slow);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            await using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);
            byte[] sent = new byte[1000 + number];
            Array.Fill(sent, (byte)number);
            await client.SendAsync(sent);
            Assert.That(await client.ReadExactlyAsync(sent.Length), Is.EqualTo(sent));
        }));
    }

    [Test]
    public async Task A_relay_that_resets_in_the_middle_ends_each_connection_once()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next);
        await using var proxy = new FaultProxy(server.EndPoint, new FaultPlan { ResetAfterBytes = 500 });
        for (int i = 0; i < 20; i++)
        {
            await using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);
            ProbeProtocol probe = source.Take(Cancellation);
            try
            {
                await client.SendAsync(new byte[1000]);
                await client.ReadToEndAsync();
            }
            catch (SocketException)
            {
                // The reset came while it was sending.
            }

            Assert.That(await probe.Closed.WaitAsync(Cancellation), Is.AnyOf(CloseReason.PeerReset, CloseReason.PeerClosed));
            Assert.That(probe.ClosedCount, Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Connections_past_the_limit_are_told_and_those_inside_it_are_not_evicted()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options =>
        {
            options.MaxConcurrentConnections = 2;
            options.RefusalMessage = "full"u8.ToArray();
        });
        await using RawClient first = await server.ConnectAsync();
        await using RawClient second = await server.ConnectAsync();
        foreach (RawClient client in (RawClient[])[first, second])
        {
            await client.SendAsync("x");
            await client.ReadExactlyAsync(1);
        }

        await using (RawClient third = await server.ConnectAsync())
        {
            Assert.That(await third.ReadToEndAsync(), Is.EqualTo("full"u8.ToArray()));
        }

        await first.SendAsync("y");
        Assert.That(await first.ReadExactlyAsync(1), Is.EqualTo("y"u8.ToArray()));
        Assert.That(server.Engine.Metrics.ConnectionsRefused, Is.EqualTo(1));
        second.CloseSend();
        await second.ReadToEndAsync();
        await using RawClient fourth = await server.ConnectAsync();
        await fourth.SendAsync("z");
        Assert.That(await fourth.ReadSomeAsync(), Is.AnyOf("z"u8.ToArray(), "full"u8.ToArray()));
    }

    [Test]
    public async Task Connections_past_the_limit_of_one_address_are_closed()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.MaxConnectionsPerAddress = 1);
        await using RawClient first = await server.ConnectAsync();
        await first.SendAsync("x");
        await first.ReadExactlyAsync(1);
        try
        {
            await using RawClient second = await server.ConnectAsync();
            Assert.That(await second.ReadToEndAsync(), Is.Empty);
        }
        catch (SocketException)
        {
            // It was reset before the connect had returned.
        }

        await first.SendAsync("y");
        Assert.That(await first.ReadExactlyAsync(1), Is.EqualTo("y"u8.ToArray()));
    }

    [Test]
    public async Task Accepts_are_paced()
    {
        await using RunningServer server = await StartAsync(_ => ProbeProtocol.Echo(), static options => options.MaxAcceptsPerSecond = 50);
        long begin = Environment.TickCount64;
        for (int i = 0; i < 25; i++)
        {
            await using RawClient client = await server.ConnectAsync();
            await client.SendAsync("x");
            await client.ReadExactlyAsync(1);
        }

        Assert.That(Environment.TickCount64 - begin, Is.GreaterThan(300), "25 accepts at 50 a second");
    }
}
