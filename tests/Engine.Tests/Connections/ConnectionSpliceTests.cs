using System.Net;
using System.Security.Cryptography;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>A proxy of a few lines between sockets that share nothing with the engine: bytes, ends, resets and pressure pass through it both ways.</summary>
public sealed class ConnectionSpliceTests(TransportKind transport) : BothTransports(transport)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Bytes_pass_both_ways_also_those_that_came_before_the_splice()
    {
        await using RunningServer echo = await StartAsync(static _ => new AsyncEchoProtocol());
        await using RunningServer proxy = await StartProxyAsync(() => echo.EndPoint);
        await using RawClient client = await proxy.ConnectAsync();
        byte[] sent = RandomNumberGenerator.GetBytes(3_000_000);
        Task sending = client.SendAsync(sent);
        byte[] received = await client.ReadExactlyAsync(sent.Length);
        await sending;
        Assert.That(received.AsSpan().SequenceEqual(sent), Is.True);
    }

    [Test]
    public async Task A_half_close_passes_and_the_other_direction_goes_on()
    {
        var source = new ProbeProtocol.Source(static () => new ProbeProtocol { OnPeerFin = static _ => { } });
        await using RunningServer upstream = await StartAsync(source.Next);
        await using RunningServer proxy = await StartProxyAsync(() => upstream.EndPoint);
        await using RawClient client = await proxy.ConnectAsync();
        await client.SendAsync("question");
        ProbeProtocol probe = source.Take(Cancellation);
        Connection far = await probe.Started.WaitAsync(Cancellation);
        client.CloseSend();
        await probe.PeerClosed.WaitAsync(Cancellation);
        far.TrySend("answer"u8);
        Assert.That(await client.ReadExactlyAsync(6), Is.EqualTo("answer"u8.ToArray()));
        far.Close();
        Assert.That(await client.ReadToEndAsync(), Is.Empty);
        Assert.That((client.SawFin, client.SawReset), Is.EqualTo((true, false)));
        await WhenEmptyAsync(proxy);
    }

    [Test]
    public async Task A_reset_passes_as_a_reset([Values] bool fromClient)
    {
        var source = new ProbeProtocol.Source(static () => new ProbeProtocol());
        await using RunningServer upstream = await StartAsync(source.Next);
        await using RunningServer proxy = await StartProxyAsync(() => upstream.EndPoint);
        await using RawClient client = await proxy.ConnectAsync();
        await client.SendAsync("x");
        ProbeProtocol probe = source.Take(Cancellation);
        Connection far = await probe.Started.WaitAsync(Cancellation);
        if (fromClient)
        {
            client.Reset();
            Assert.That(await probe.Closed.WaitAsync(Cancellation), Is.EqualTo(CloseReason.PeerReset));
        }
        else
        {
            far.Abort();
            await client.ReadToEndAsync();
            Assert.That(client.SawReset, Is.True);
        }

        await WhenEmptyAsync(proxy);
    }

    [Test]
    public async Task A_side_that_does_not_read_stops_the_other_and_then_everything_arrives()
    {
        var source = new ProbeProtocol.Source(static () => new ProbeProtocol());
        await using RunningServer upstream = await StartAsync(source.Next);
        await using RunningServer proxy = await StartProxyAsync(() => upstream.EndPoint);
        await using RawClient client = await proxy.ConnectAsync(receiveBufferBytes: 65_536);
        await client.SendAsync("x");
        Connection far = await source.Take(Cancellation).Started.WaitAsync(Cancellation);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] message = new byte[30_000];
        int accepted = 0;
        while (accepted < 2_000)
        {
            RandomNumberGenerator.Fill(message);
            using var quiet = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
            try
            {
                await far.SendAsync(message, quiet.Token);
            }
            catch (OperationCanceledException)
            {
                // Everything between the two ends is full, and stays so.
                break;
            }

            hash.AppendData(message);
            accepted++;
        }

        Assert.That(accepted, Is.InRange(10, 1_999));
        Assert.That(proxy.Engine.Metrics.QueuedBytes, Is.LessThan(400_000), "two queues and two reads");
        far.Close();
        byte[] received = await client.ReadToEndAsync();
        Assert.That(received, Has.Length.EqualTo(accepted * message.Length));
        Assert.That(SHA256.HashData(received), Is.EqualTo(hash.GetHashAndReset()));
        Assert.That(client.SawFin, Is.True);
    }

    [Test]
    public async Task Where_nobody_listens_the_client_is_reset()
    {
        await using RunningServer gone = await StartAsync(static _ => ProbeProtocol.Echo());
        EndPoint endPoint = gone.EndPoint;
        await gone.DisposeAsync();
        await using RunningServer proxy = await StartProxyAsync(() => endPoint);
        await using RawClient client = await proxy.ConnectAsync();
        await client.ReadToEndAsync();
        Assert.That(client.SawReset, Is.True);
        await WhenEmptyAsync(proxy);
    }

    [Test]
    public async Task A_stop_lets_what_is_under_way_end_within_its_patience()
    {
        await using RunningServer echo = await StartAsync(static _ => ProbeProtocol.Echo());
        await using RunningServer proxy = await StartProxyAsync(() => echo.EndPoint);
        await using RawClient client = await proxy.ConnectAsync();
        await client.SendAsync("a");
        await client.ReadExactlyAsync(1);
        Task stopping = proxy.Engine.StopAsync(TimeSpan.FromSeconds(20), Cancellation);
        await client.SendAsync("b");
        Assert.That(await client.ReadExactlyAsync(1), Is.EqualTo("b"u8.ToArray()));
        client.CloseSend();
        await client.ReadToEndAsync();
        await stopping;
        Assert.That(client.SawFin, Is.True);
    }

    [Test]
    public async Task Connections_of_two_loops_are_not_joined()
    {
        var source = new ProbeProtocol.Source(static () => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient one = await server.ConnectAsync();
        Connection first = await source.Take(Cancellation).Started;
        await using RawClient two = await server.ConnectAsync();
        Connection second = await source.Take(Cancellation).Started;
        Assert.That(first.SharesLoopWith(second), Is.False);
        Assert.That(() => ConnectionSplice.Join(first, second), Throws.ArgumentException);
        Assert.That(() => ConnectionSplice.Join(first, first), Throws.ArgumentException);
    }

    private static async Task WhenEmptyAsync(RunningServer server)
    {
        while (server.Engine.ConnectionCount > 0)
        {
            await Task.Delay(5, Cancellation);
        }
    }

    private async Task<RunningServer> StartProxyAsync(Func<EndPoint> upstream)
    {
        EngineClient? client = null;
        RunningServer proxy = await StartAsync(_ => new ConnectingProtocol(() => client!, upstream));
        client = new EngineClient(proxy.Engine);
        return proxy;
    }

    private sealed class ConnectingProtocol(Func<EngineClient> client, Func<EndPoint> upstream) : ConnectionProtocol
    {
        protected internal override void OnStarted(Connection connection)
        {
            connection.PauseReceive();
            _ = JoinAsync(connection);
        }

        protected internal override int OnReceived(Connection connection, Span<byte> bytes) => 0;

        private async Task JoinAsync(Connection connection)
        {
            try
            {
                await client().ConnectAsync(upstream(), ConnectionSplice.To(connection), new ConnectOptions { Loop = connection.Loop }, connection.ClosedToken);
            }
            catch (Exception)
            {
                connection.Abort();
            }
        }
    }
}
