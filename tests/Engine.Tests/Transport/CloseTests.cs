using System.Net.Sockets;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>Every way in which a connection ends: exactly one announcement, the right reason, and what was accepted still delivered.</summary>
public sealed class CloseTests(TransportKind transport) : BothTransports(transport)
{
    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task A_graceful_close_delivers_what_was_queued_then_FIN_and_waits_for_the_peers()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.MaxOutboundBytes = 1 << 20);
        await using RawClient client = await server.ConnectAsync(receiveBufferBytes: 4096);
        ProbeProtocol probe = source.Take(Cancellation);
        Connection connection = await probe.Started;
        byte[] message = new byte[1 << 20];
        Random.Shared.NextBytes(message);
        Assert.That(connection.TrySend(message), Is.AnyOf(SendStatus.Sent, SendStatus.Queued));
        connection.Close();
        Assert.That(connection.TrySend("late"u8), Is.EqualTo(SendStatus.Closed));
        Assert.That(await client.ReadToEndAsync(), Is.EqualTo(message));
        Assert.That(client.SawFin && !client.SawReset, Is.True);
        Assert.That(probe.Closed.IsCompleted, Is.False, "the peer has not closed yet");
        client.CloseSend();
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.Completed));
        Assert.That(probe.ClosedCount, Is.EqualTo(1));
    }

    [Test]
    public async Task A_peer_that_does_not_answer_a_graceful_close_is_left_after_the_close_timeout()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.CloseTimeout = TimeSpan.FromMilliseconds(200));
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        (await probe.Started).Close();
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.Completed));
    }

    [Test]
    public async Task A_peer_that_keeps_sending_after_the_close_is_cut_off()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.MaxLingerBytes = 100_000);
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        (await probe.Started).Close();
        Assert.That(async () => { while (true) { await client.SendAsync(new byte[65_536]); } }, Throws.InstanceOf<SocketException>());
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.Completed));
    }

    [Test]
    public async Task An_abort_resets_the_peer()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        (await probe.Started).Abort();
        Assert.That(await client.ReadToEndAsync(), Is.Empty);
        Assert.That(client.SawReset, Is.True);
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.Aborted));
        Assert.That(probe.ClosedCount, Is.EqualTo(1));
    }

    [Test]
    public async Task An_abort_cuts_a_graceful_close_short_and_the_first_reason_stays()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        Connection connection = await probe.Started;
        connection.Close(CloseReason.LimitExceeded);
        connection.Abort();
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.LimitExceeded));
    }

    [Test]
    public async Task A_peer_that_half_closes_still_gets_its_answer()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol
        {
            OnBytes = static (_, bytes) => bytes.Length,
            OnPeerFin = static connection =>
            {
                connection.TrySend("answer"u8);
                connection.Close();
            },
        });
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        await client.SendAsync("question");
        client.CloseSend();
        Assert.That(await client.ReadToEndAsync(), Is.EqualTo("answer"u8.ToArray()));
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.Completed));
    }

    [Test]
    public async Task A_peer_that_closes_is_closed_in_turn()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        await client.SendAsync("bye");
        client.CloseSend();
        Assert.That(await client.ReadToEndAsync(), Is.EqualTo("bye"u8.ToArray()));
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.PeerClosed));
        Assert.That(probe.ClosedCount, Is.EqualTo(1));
    }

    [Test]
    public async Task A_peer_that_resets_ends_the_connection_at_once()
    {
        var source = new ProbeProtocol.Source(ProbeProtocol.Echo);
        await using RunningServer server = await StartAsync(source.Next);
        RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        await probe.Started;
        client.Reset();
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.PeerReset));
        Assert.That(probe.ClosedCount, Is.EqualTo(1));
    }

    [Test]
    public async Task The_end_of_a_peer_is_seen_while_receiving_is_paused()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol { OnStart = static connection => connection.PauseReceive() });
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        await probe.Started;
        client.CloseSend();
        await probe.PeerClosed.WaitAsync(Cancellation);
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.PeerClosed));
    }

    [Test]
    public async Task The_end_of_a_peer_is_seen_when_it_comes_together_with_the_bytes_that_pause_receiving()
    {
        var source = new ProbeProtocol.Source(static () => new ProbeProtocol
        {
            OnBytes = static (connection, bytes) =>
            {
                connection.PauseReceive();
                return bytes.Length;
            },
        });
        await using RunningServer server = await StartAsync(source.Next, static options => options.LoopCount = 1);
        await using RawClient first = await server.ConnectAsync();
        Connection anchor = await source.Take(Cancellation).Started;
        using var gate = new ManualResetEventSlim();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        anchor.Post(
            _ =>
            {
                held.SetResult();
                gate.Wait(Cancellation);
            },
            null);
        await held.Task;
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync("last words");
        client.CloseSend();
        gate.Set();
        ProbeProtocol probe = source.Take(Cancellation);
        await probe.PeerClosed.WaitAsync(Cancellation);
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.PeerClosed));
    }

    [Test]
    public async Task A_reset_is_seen_while_receiving_is_paused()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol { OnStart = static connection => connection.PauseReceive() });
        await using RunningServer server = await StartAsync(source.Next);
        RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        await probe.Started;
        client.Reset();
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.PeerReset));
    }

    [Test]
    public async Task Bytes_that_precede_a_FIN_are_received_first_after_a_pause()
    {
        int received = 0;
        var source = new ProbeProtocol.Source(() => new ProbeProtocol
        {
            OnStart = static connection => connection.PauseReceive(),
            OnBytes = (_, bytes) =>
            {
                received += bytes.Length;
                return bytes.Length;
            },
        });
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        Connection connection = await probe.Started;
        await client.SendAsync(new byte[200_000]);
        client.CloseSend();
        connection.Post(static state => ((Connection)state!).ResumeReceive(), connection);
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.PeerClosed));
        Assert.That(received, Is.EqualTo(200_000));
    }

    [Test]
    public async Task A_peer_that_vanishes_without_FIN_ends_by_the_write_timeout()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.WriteTimeout = TimeSpan.FromMilliseconds(500));
        await using var proxy = new FaultProxy(server.EndPoint, toClient: new FaultPlan { StallAfterBytes = 0 });
        await using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);
        ProbeProtocol probe = source.Take(Cancellation);
        Connection connection = await probe.Started;
        await FillAsync(connection, new byte[16_384]);
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.WriteTimeout));
        Assert.That(connection.BufferedBytes, Is.Zero);
    }

    [Test]
    public async Task A_handler_that_throws_closes_its_own_connection_and_the_loop_goes_on()
    {
        Exception? told = null;
        var source = new ProbeProtocol.Source(() => new ProbeProtocol { OnBytes = static (_, _) => throw new InvalidOperationException("handler") });
        await using RunningServer server = await StartAsync(source.Next, static options => options.LoopCount = 1);
        server.Engine.HandlerFailed += (_, exception) => told = exception;
        await using RawClient first = await server.ConnectAsync();
        ProbeProtocol failing = source.Take(Cancellation);
        await using RawClient second = await server.ConnectAsync();
        ProbeProtocol other = source.Take(Cancellation);
        await first.SendAsync("x");
        Assert.That(await first.ReadToEndAsync(), Is.Empty);
        first.CloseSend();
        Assert.That(await failing.Closed, Is.EqualTo(CloseReason.HandlerFailed));
        Assert.That(told, Is.InstanceOf<InvalidOperationException>());
        Assert.That((await other.Started).IsOpen, Is.True);
    }

    [Test]
    public async Task A_stop_tells_each_connection_lets_it_finish_and_then_refuses_new_ones()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next);
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        (await probe.Started).TrySend("last"u8);
        Task stopping = server.Engine.StopAsync(TimeSpan.FromSeconds(10));
        Assert.That(await client.ReadToEndAsync(), Is.EqualTo("last"u8.ToArray()));
        client.CloseSend();
        await stopping.WaitAsync(Cancellation);
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.ServerStopping));
        Assert.That(async () => await RawClient.ConnectAsync(server.EndPoint), Throws.InstanceOf<SocketException>());
    }

    [Test]
    public async Task A_stop_aborts_what_has_not_ended_when_the_drain_timeout_is_over()
    {
        var source = new ProbeProtocol.Source(() => new ProbeProtocol());
        await using RunningServer server = await StartAsync(source.Next, static options => options.Connections.CloseTimeout = TimeSpan.FromMinutes(1));
        await using RawClient client = await server.ConnectAsync();
        ProbeProtocol probe = source.Take(Cancellation);
        await probe.Started;
        await server.Engine.StopAsync(TimeSpan.FromMilliseconds(100)).WaitAsync(Cancellation);
        Assert.That(await probe.Closed, Is.EqualTo(CloseReason.ServerStopping));
        Assert.That(probe.ClosedCount, Is.EqualTo(1));
    }

    [Test]
    public async Task A_start_that_fails_leaves_nothing_behind_and_can_be_disposed()
    {
        await using RunningServer server = await StartAsync(_ => new ProbeProtocol());
        var options = new ServerOptions { Transport = Transport };
        options.EndPoints.Add(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        options.EndPoints.Add(server.EndPoint);
        var second = new EngineServer(options, _ => new ProbeProtocol());
        Assert.That(async () => await second.StartAsync(), Throws.InstanceOf<SocketException>());
        await second.StopAsync(TimeSpan.FromSeconds(1)).WaitAsync(TimeSpan.FromSeconds(5));
    }
}
