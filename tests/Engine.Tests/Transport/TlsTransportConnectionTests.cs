using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>Over TLS a connection is what it is without: bytes, pressure, pauses, ends.</summary>
[CancelAfter(60_000)]
public sealed class TlsTransportConnectionTests(TransportKind transport, TlsBackend backend) : BothTlsBackends(transport, backend)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task A_message_comes_back()
    {
        await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo());
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        await client.SendAsync("hello"u8.ToArray());
        Assert.That(await client.ReadExactlyAsync(5), Is.EqualTo("hello"u8.ToArray()));
    }

    [Test]
    public async Task Ten_megabytes_come_back_while_they_are_still_being_sent()
    {
        await using RunningServer server = await StartSecureAsync(_ => new AsyncEchoProtocol());
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        byte[] sent = RandomNumberGenerator.GetBytes(10 << 20);
        Task sending = client.SendAsync(sent);
        byte[] received = await client.ReadExactlyAsync(sent.Length);
        await sending;
        Assert.That(received.AsSpan().SequenceEqual(sent), Is.True);
    }

    [Test]
    public async Task Nothing_is_lost_and_the_queue_stays_bounded_when_the_reader_stops_for_a_while()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartSecureAsync(source.Next);
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint, receiveBufferBytes: 8192);
        Connection connection = await source.Take(Cancellation).Started;
        byte[] message = new byte[10_000];
        int accepted = await FillAsync(connection, message);
        Assert.That(connection.BufferedBytes, Is.InRange(1, connection.Options.MaxOutboundBytes));
        Assert.That(connection.TrySend(message), Is.EqualTo(SendStatus.Dropped));
        Task<SendStatus> large = connection.SendAsync(RandomNumberGenerator.GetBytes(10 << 20), Cancellation).AsTask();
        await client.ReadExactlyAsync((accepted * message.Length) + (10 << 20));
        Assert.That(await large, Is.Not.EqualTo(SendStatus.Closed));
        while (connection.BufferedBytes > 0)
        {
            await Task.Yield();
            Cancellation.ThrowIfCancellationRequested();
        }
    }

    [Test]
    public async Task Bytes_that_arrive_one_by_one_come_back_in_order()
    {
        await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo());
        await using var proxy = new FaultProxy(server.EndPoint, new FaultPlan { PieceBytes = 1 }, new FaultPlan { PieceBytes = 1 });
        await using TlsClient client = await TlsClient.ConnectAsync(proxy.EndPoint);
        byte[] sent = RandomNumberGenerator.GetBytes(2_000);
        await client.SendAsync(sent);
        Assert.That(await client.ReadExactlyAsync(sent.Length), Is.EqualTo(sent));
    }

    [Test]
    public async Task While_paused_nothing_is_received_and_the_peer_feels_it_and_then_everything_comes_in_order()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long received = 0;
        var source = new ProbeProtocol.Source(() => new ProbeProtocol
        {
            OnStart = static connection => connection.PauseReceive(),
            OnBytes = (_, bytes) =>
            {
                hash.AppendData(bytes);
                received += bytes.Length;
                return bytes.Length;
            },
        });
        await using RunningServer server = await StartSecureAsync(source.Next);
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        ProbeProtocol probe = source.Take(Cancellation);
        Connection connection = await probe.Started;
        byte[] sent = RandomNumberGenerator.GetBytes(32 << 20);
        Task sending = client.SendAsync(sent);
        await Task.WhenAny(sending, Task.Delay(500, Cancellation));
        Assert.That(sending.IsCompleted, Is.False, "32 MB do not fit into two kernels' buffers");
        Assert.That(await OnLoopAsync(connection, () => received), Is.Zero);
        await OnLoopAsync(connection, () =>
        {
            connection.ResumeReceive();
            return 0;
        });
        await sending;
        await client.Stream.ShutdownAsync();
        await probe.Closed;
        Assert.That(received, Is.EqualTo(sent.Length));
        Assert.That(hash.GetHashAndReset(), Is.EqualTo(SHA256.HashData(sent)));
    }

    [Test]
    public async Task A_handler_that_pauses_at_each_read_gets_every_byte()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol
        {
            OnBytes = static (connection, bytes) =>
            {
                connection.TrySend(bytes);
                connection.PauseReceive();
                connection.Post(static state => ((Connection)state!).ResumeReceive(), connection);
                return bytes.Length;
            },
        });
        await using RunningServer server = await StartSecureAsync(source.Next, static options => options.Connections.MaxOutboundBytes = 1 << 24);
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        byte[] sent = RandomNumberGenerator.GetBytes(1 << 20);
        Task sending = client.SendAsync(sent);
        byte[] back = await client.ReadExactlyAsync(sent.Length);
        await sending;
        Assert.That(back, Is.EqualTo(sent));
    }

    [TestCase(false, TestName = "The peers end is told while receiving is paused")]
    [TestCase(true, TestName = "The peers end behind its close notify is told while receiving is paused")]
    public async Task The_peers_end_is_told_while_receiving_is_paused(bool saysGoodbye)
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol { OnStart = static connection => connection.PauseReceive() });
        await using RunningServer server = await StartSecureAsync(source.Next);
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        ProbeProtocol probe = source.Take(Cancellation);
        await probe.Started;
        if (saysGoodbye)
        {
            await client.Stream.ShutdownAsync();
        }

        client.CloseSend();
        await probe.PeerClosed.WaitAsync(Cancellation);
        Assert.That(await probe.Closed.WaitAsync(Cancellation), Is.EqualTo(CloseReason.PeerClosed));
    }

    [Test]
    public async Task A_graceful_close_delivers_what_was_queued_then_close_notify()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartSecureAsync(source.Next, static options => options.Connections.MaxOutboundBytes = 1 << 20);
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint, receiveBufferBytes: 4096);
        ProbeProtocol probe = source.Take(Cancellation);
        Connection connection = await probe.Started;
        byte[] message = RandomNumberGenerator.GetBytes(1 << 20);
        Assert.That(connection.TrySend(message), Is.AnyOf(SendStatus.Sent, SendStatus.Queued));
        connection.Close();
        Assert.That(await client.ReadToEndAsync(), Is.EqualTo(message), "a stream that was cut would throw");
        await client.Stream.ShutdownAsync();
        Assert.That(await probe.Closed.WaitAsync(Cancellation), Is.EqualTo(CloseReason.Completed));
        Assert.That(probe.ClosedCount, Is.EqualTo(1));
    }

    [Test]
    public async Task The_peer_may_go_on_reading_after_its_close_notify()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol
        {
            OnPeerFin = static connection =>
            {
                connection.TrySend("goodbye"u8);
                connection.Close();
            },
        });
        await using RunningServer server = await StartSecureAsync(source.Next);
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        await client.Stream.ShutdownAsync();
        Assert.That(await client.ReadToEndAsync(), Is.EqualTo("goodbye"u8.ToArray()));
        Assert.That(await source.Take(Cancellation).Closed.WaitAsync(Cancellation), Is.EqualTo(CloseReason.Completed));
    }

    [Test]
    public async Task A_peer_that_resets_ends_the_connection_once()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartSecureAsync(source.Next);
        TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        ProbeProtocol probe = source.Take(Cancellation);
        await probe.Started;
        client.Reset();
        Assert.That(await probe.Closed.WaitAsync(Cancellation), Is.EqualTo(CloseReason.PeerReset));
        Assert.That(probe.ClosedCount, Is.EqualTo(1));
        await client.DisposeAsync();
    }

    [TestCase("170303001300112233445566778899AABBCCDDEEFF001122", CloseReason.TransportError, TestName = "A record that does not decrypt ends the connection")]
    [TestCase("474554202F0D0A", CloseReason.TransportError, TestName = "Bytes that are no record end the connection")]
    [TestCase("1703030013001122", CloseReason.PeerReset, TestName = "A FIN inside a record is a cut")]
    public async Task What_is_not_TLS_ends_the_connection(string hex, CloseReason expected)
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartSecureAsync(source.Next);
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        ProbeProtocol probe = source.Take(Cancellation);
        await probe.Started;
        await client.SendRawAsync(Convert.FromHexString(hex));
        if (expected == CloseReason.PeerReset)
        {
            client.CloseSend();
        }

        Assert.That(await probe.Closed.WaitAsync(Cancellation), Is.EqualTo(expected));
        Assert.That(probe.ClosedCount, Is.EqualTo(1));
    }

    [Test]
    public async Task A_server_stops_while_peers_are_in_the_middle_of_everything()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol
        {
            OnBytes = static (connection, bytes) =>
            {
                connection.PauseReceive();
                return bytes.Length;
            },
        });
        RunningServer server = await StartSecureAsync(source.Next);
        var clients = new List<TlsClient>();
        for (int i = 0; i < 6; i++)
        {
            TlsClient client = await TlsClient.ConnectAsync(server.EndPoint, receiveBufferBytes: 4096);
            clients.Add(client);
            Connection connection = await source.Take(Cancellation).Started;
            if (i % 2 == 0)
            {
                await FillAsync(connection, new byte[9_000]);
            }
            else
            {
                _ = client.SendAsync(new byte[4 << 20]).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }

        await server.DisposeAsync();
        Assert.That(server.Engine.Metrics.RentedRemainders, Is.Zero);
        foreach (TlsClient client in clients)
        {
            client.Reset();
        }
    }

    [Test]
    public async Task A_peer_that_reads_nothing_is_aborted_after_the_write_timeout()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartSecureAsync(source.Next, static options => options.Connections.WriteTimeout = TimeSpan.FromMilliseconds(400));
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint, receiveBufferBytes: 4096);
        ProbeProtocol probe = source.Take(Cancellation);
        await FillAsync(await probe.Started, new byte[16_000]);
        Assert.That(await probe.Closed.WaitAsync(Cancellation), Is.EqualTo(CloseReason.WriteTimeout));
    }

    [Test]
    public async Task An_idle_connection_holds_no_buffer()
    {
        await using RunningServer server = await StartSecureAsync(_ => ProbeProtocol.Echo());
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        await client.SendAsync("hello"u8.ToArray());
        await client.ReadExactlyAsync(5);
        while (server.Engine.Metrics.RentedSegments + server.Engine.Metrics.RentedRemainders > 0)
        {
            // The loop may still be on its way out of the send.
            await Task.Delay(5, Cancellation);
        }
    }

    [Test]
    public async Task Messages_in_steady_state_allocate_nothing_on_the_loop()
    {
        const int MessageCount = 3_000;
        int count = 0;
        long before = 0;
        long after = 0;
        await using RunningServer server = await StartSecureAsync(_ => new ProbeProtocol
        {
            OnBytes = (connection, bytes) =>
            {
                count++;
                if (count == MessageCount / 2)
                {
                    before = GC.GetAllocatedBytesForCurrentThread();
                }
                else if (count == MessageCount)
                {
                    after = GC.GetAllocatedBytesForCurrentThread();
                }

                connection.TrySend(bytes);
                return bytes.Length;
            },
        });
        await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
        byte[] message = new byte[100];
        for (int i = 0; i < MessageCount; i++)
        {
            await client.SendAsync(message);
            await client.Stream.ReadExactlyAsync(message, Cancellation);
        }

        double each = (after - before) / (MessageCount / 2.0);
        TestContext.Out.WriteLine($"{each:F1} bytes a message");
        Assert.That(each, Is.LessThan(8));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_thousand_connections_that_come_and_go_leave_nothing()
    {
        var live = new List<WeakReference>();
        await using (RunningServer server = await StartSecureAsync(connection =>
        {
            lock (live)
            {
                live.Add(new WeakReference(connection));
            }

            return ProbeProtocol.Echo();
        }))
        {
            await CycleAsync(server, 1_000);
            while (server.Engine.ConnectionCount > 0)
            {
                await Task.Delay(5, Cancellation);
            }

            Assert.That(server.Engine.Metrics.ConnectionsAccepted, Is.EqualTo(1_000));
            Assert.That(server.Engine.Metrics.RentedSegments, Is.Zero);
            Assert.That(server.Engine.Metrics.RentedRemainders, Is.Zero);
        }

        while (CountAlive(live) > 0)
        {
            await Task.Delay(25, Cancellation);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int CountAlive(List<WeakReference> live)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return live.Count(static reference => reference.IsAlive);
    }

    private static Task CycleAsync(RunningServer server, int count)
    {
        int left = count;
        async Task RunAsync()
        {
            while (Interlocked.Decrement(ref left) is >= 0 and var number)
            {
                await using TlsClient client = await TlsClient.ConnectAsync(server.EndPoint);
                await client.SendAsync("x"u8.ToArray());
                await client.ReadExactlyAsync(1);
                if (number % 2 == 0)
                {
                    client.Reset();
                }
            }
        }

        return Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RunAsync()));
    }

    private Task<RunningServer> StartSecureAsync(Func<Connection, ConnectionProtocol> createProtocol, Action<ServerOptions>? configure = null)
        => StartAsync(createProtocol, options =>
        {
            options.Tls = new TlsOptions { Certificate = TestCertificates.Server };
            configure?.Invoke(options);
        });
}
