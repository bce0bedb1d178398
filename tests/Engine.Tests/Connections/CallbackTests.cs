using System.Text;

namespace Engine.Tests;

/// <summary>What the loop calls: each successor is told what it needs, each bug of host code ends its own connection, and the loop goes on.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CallbackTests
{
    private readonly List<string> _told = [];

    [Test]
    public void A_switch_inside_OnStarted_takes_effect_before_the_bytes_that_were_left()
    {
        MemoryServer server = Start(new Teller("first", _told)
        {
            Received = (connection, bytes) =>
            {
                connection.SwitchProtocol(new Teller("second", _told) { Started = next => next.SwitchProtocol(new Teller("third", _told)) });
                return 1;
            },
        });
        MemoryPeer peer = server.Connect();
        peer.Send("abc"u8);
        peer.CloseSend();
        server.RunUntilIdle();
        Assert.That(_told, Is.EqualTo(new[] { "first started", "first received abc", "second started", "third started", "third received bc", "third peer closed" }));
        Assert.That(server.Engine.ConnectionCount, Is.Zero);
    }

    [Test]
    public void A_switch_inside_the_first_OnStarted_and_outside_of_a_callback_chain_too()
    {
        Connection? connection = null;
        MemoryServer server = Start(new Teller("first", _told)
        {
            Started = started =>
            {
                connection = started;
                started.SwitchProtocol(new Teller("second", _told) { Started = next => next.SwitchProtocol(new Teller("third", _told)) });
            },
        });
        MemoryPeer peer = server.Connect();
        peer.Send("x"u8);
        server.RunUntilIdle();
        Assert.That(_told, Is.EqualTo(new[] { "first started", "second started", "third started", "third received x" }));
    }

    [Test]
    public void A_stop_between_a_switch_and_the_turns_end_is_told_to_the_successor_alone()
    {
        Connection? connection = null;
        MemoryServer server = Start(new Teller("first", _told) { Started = started => connection = started });
        server.Connect();
        connection!.Post(
            _ =>
            {
                connection.SwitchProtocol(new Teller("second", _told) { Stopping = static _ => { } });
                connection.Stop();
            },
            null);
        server.RunUntilIdle();
        Assert.That(_told, Is.EqualTo(new[] { "first started", "second started", "second stopping" }));
        Assert.That(connection.IsOpen, Is.True);
    }

    [Test]
    public void A_successor_is_told_the_peers_end_and_the_servers_stop_that_came_before_it()
    {
        Connection? connection = null;
        var first = new Teller("first", _told) { Started = started => connection = started, PeerClosed = static _ => { }, Stopping = static _ => { } };
        MemoryServer server = Start(first);
        MemoryPeer peer = server.Connect();
        peer.CloseSend();
        server.RunUntilIdle();
        Task stopping = server.Engine.StopAsync(TimeSpan.FromSeconds(30));
        server.RunUntil(() => _told.Contains("first stopping"), TimeSpan.FromSeconds(10));
        connection!.SwitchProtocol(new Teller("second", _told) { Stopping = static _ => { } });
        server.RunUntilIdle();
        Assert.That(_told, Is.EqualTo(new[] { "first started", "first peer closed", "first stopping", "second started", "second stopping", "second peer closed" }));
        server.RunUntil(() => stopping.IsCompleted, TimeSpan.FromSeconds(10));
    }

    [Test]
    public void Bytes_are_offered_again_after_a_pause_that_ends_within_the_callback()
    {
        MemoryServer server = Start(new Teller("only", _told)
        {
            Received = static (connection, _) =>
            {
                connection.PauseReceive();
                connection.ResumeReceive();
                return 1;
            },
        });
        server.Connect().Send("abc"u8);
        server.RunUntilIdle();
        Assert.That(_told, Is.EqualTo(new[] { "only started", "only received abc", "only received bc", "only received c" }));
    }

    [TestCase(4)]
    [TestCase(-1)]
    [TestCase(int.MaxValue)]
    public void A_protocol_that_returns_more_than_it_was_given_ends_its_connection_alone(int consumed)
    {
        Exception? failure = null;
        MemoryServer server = Start(new Teller("wrong", _told) { Received = (_, _) => consumed }, new Teller("right", _told));
        server.Engine.HandlerFailed += (_, exception) => failure = exception;
        MemoryPeer wrong = server.Connect();
        MemoryPeer right = server.Connect();
        wrong.Send("abc"u8);
        right.Send("x"u8);
        server.RunUntilIdle();
        Assert.That(failure, Is.InstanceOf<InvalidOperationException>());
        Assert.That(wrong.SawFin, Is.True);
        Assert.That(_told, Does.Contain("right received x"));
        Assert.That(right.IsClosed, Is.False);
    }

    [Test]
    public void ClosedToken_is_cancelled_also_when_OnClosed_throws()
    {
        CancellationToken closed = default;
        MemoryServer server = Start(new Teller("only", _told)
        {
            Started = connection => closed = connection.ClosedToken,
            Closed = static () => throw new InvalidOperationException("bug"),
        });
        MemoryPeer peer = server.Connect();
        peer.Reset();
        server.RunUntilIdle();
        Assert.That(closed.IsCancellationRequested, Is.True);
        Assert.That(server.Engine.ConnectionCount, Is.Zero);
    }

    [Test]
    public void What_subscribers_of_the_server_throw_ends_no_loop()
    {
        var options = new ServerOptions();
        options.Connections.SlowWriteCount = 1;
        Connection? connection = null;
        var protocols = new Queue<ConnectionProtocol>(
        [
            new Teller("slow", _told) { Started = started => connection = started },
            new Teller("failing", _told) { Received = static (_, _) => throw new InvalidOperationException("bug") },
            new Teller("other", _told),
        ]);
        var server = new MemoryServer(options, _ => protocols.Dequeue());
        server.Engine.SlowConsumer += static _ => throw new InvalidOperationException("subscriber's bug");
        server.Engine.HandlerFailed += static (_, _) => throw new InvalidOperationException("subscriber's bug");
        MemoryPeer slow = server.Connect();
        MemoryPeer failing = server.Connect();
        MemoryPeer other = server.Connect();
        slow.RoomBytes = 0;
        connection!.TrySend(new byte[1000]);
        server.Advance(TimeSpan.FromSeconds(1));
        slow.AddRoom(int.MaxValue);
        failing.Send("x"u8);
        other.Send("x"u8);
        server.RunUntilIdle();
        Assert.That(_told, Does.Contain("other received x"));
        Assert.That(other.IsClosed, Is.False);
        Assert.That(failing.SawFin, Is.True);
    }

    private static MemoryServer Start(params ConnectionProtocol[] protocols)
    {
        var queue = new Queue<ConnectionProtocol>(protocols);
        return new MemoryServer(new ServerOptions(), _ => queue.Dequeue());
    }

    /// <summary>Writes down what it is told.</summary>
    private sealed class Teller(string name, List<string> told) : ConnectionProtocol
    {
        public Action<Connection>? Started { get; init; }

        public ProbeProtocol.Receiver? Received { get; init; }

        public Action<Connection>? PeerClosed { get; init; }

        public Action<Connection>? Stopping { get; init; }

        public Action? Closed { get; init; }

        protected internal override void OnStarted(Connection connection)
        {
            told.Add($"{name} started");
            Started?.Invoke(connection);
        }

        protected internal override int OnReceived(Connection connection, Span<byte> bytes)
        {
            told.Add($"{name} received {Encoding.ASCII.GetString(bytes)}");
            return Received?.Invoke(connection, bytes) ?? bytes.Length;
        }

        protected internal override void OnPeerClosed(Connection connection)
        {
            told.Add($"{name} peer closed");
            (PeerClosed ?? base.OnPeerClosed)(connection);
        }

        protected internal override void OnStopping(Connection connection)
        {
            told.Add($"{name} stopping");
            (Stopping ?? base.OnStopping)(connection);
        }

        protected internal override void OnClosed(Connection connection, CloseReason reason) => Closed?.Invoke();
    }
}
