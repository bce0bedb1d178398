using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>Who gets the room of a full queue, and what is told to those who do not: every wait ends, and nobody is told to try again in vain.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PressureTests
{
    private readonly ConnectionOptions _options = new();
    private MemoryServer _server = null!;
    private Connection _connection = null!;
    private MemoryPeer _peer = null!;
    private ProbeProtocol _probe = null!;
    private Action<Connection>? _onDrained;

    [Test]
    [CancelAfter(20_000)]
    public void A_streamed_message_goes_on_while_control_messages_wait_for_its_end()
    {
        _options.MaxOutboundBytes = 1024;
        Connect();
        _peer.RoomBytes = 100;
        ValueTask<SendStatus> sending = _connection.SendAsync(Bytes('s', 20_000));
        _server.RunUntilIdle();
        int controls = 0;
        while (_connection.TrySendControl(Bytes('c', 256)) == SendStatus.Sent)
        {
            controls++;
        }

        Assert.That(controls, Is.Positive);
        _peer.AddRoom(int.MaxValue);
        _server.RunUntilIdle();
        Assert.That(sending.IsCompleted, Is.True);
        Assert.That(Encoding.ASCII.GetString(_peer.TakeReceived()), Is.EqualTo(new string('s', 20_000) + new string('c', 256 * controls)));
        Assert.That(_connection.BufferedBytes, Is.Zero);
    }

    [Test]
    [CancelAfter(20_000)]
    public void A_streamed_message_goes_on_while_messages_of_other_threads_wait_for_its_end()
    {
        _options.MaxOutboundBytes = 1024;
        Connect();
        _peer.RoomBytes = 100;
        ValueTask<SendStatus> sending = _connection.SendAsync(Bytes('s', 20_000));
        _server.RunUntilIdle();
        ForeignThread.Run(() => { while (_connection.TrySendControl(Bytes('c', 256)) == SendStatus.Sent) { } });
        _peer.AddRoom(int.MaxValue);
        _server.RunUntilIdle();
        Assert.That(sending.IsCompleted, Is.True);
        string received = Encoding.ASCII.GetString(_peer.TakeReceived());
        Assert.That(received.TrimEnd('c'), Is.EqualTo(new string('s', 20_000)));
        Assert.That(_connection.BufferedBytes, Is.Zero);
    }

    [Test]
    public void Output_written_during_a_streamed_message_goes_behind_it()
    {
        Connect();
        _peer.RoomBytes = 100;
        ValueTask<SendStatus> sending = _connection.SendAsync(Bytes('s', 100_000));
        _server.RunUntilIdle();
        Bytes('o', 500).AsSpan().CopyTo(_connection.Output.GetSpan(500));
        _connection.Output.Advance(500);
        _connection.TrySendControl("c"u8);
        _peer.AddRoom(int.MaxValue);
        _server.RunUntilIdle();
        Assert.That(sending.IsCompleted, Is.True);
        Assert.That(Encoding.ASCII.GetString(_peer.TakeReceived()), Is.EqualTo(new string('s', 100_000) + new string('o', 500) + "c"));
    }

    [Test]
    public void A_repeatable_message_is_refused_without_room_and_kept_once_accepted_whatever_the_policy([Values] BackpressurePolicy policy)
    {
        _options.Backpressure = policy;
        _options.MaxOutboundBytes = 1024;
        int drains = 0;
        _onDrained = _ => drains++;
        Connect();
        _peer.RoomBytes = 0;
        SharedSegment message = SharedSegment.Copy(Bytes('r', 300));
        SendStatus status = _connection.TrySendRepeatable("<"u8, message, ">"u8);
        Assert.That(status, Is.LessThan(SendStatus.Dropped));
        for (int i = 1; i < 10; i++)
        {
            status = _connection.TrySendRepeatable("<"u8, message, ">"u8);
            _server.RunUntilIdle();
        }

        Assert.That(status, Is.EqualTo(SendStatus.Dropped));
        Assert.That(_connection.IsOpen, Is.True, "no policy ends the connection for it");
        if (policy == BackpressurePolicy.DropOldest)
        {
            Assert.That(_connection.TrySend(Bytes('x', 500)), Is.EqualTo(SendStatus.Dropped), "nothing is dropped for a later one");
        }

        message.Release();
        _peer.AddRoom(int.MaxValue);
        _server.RunUntilIdle();
        Assert.That(Encoding.ASCII.GetString(_peer.TakeReceived()), Is.EqualTo(string.Concat(Enumerable.Repeat($"<{new string('r', 300)}>", 3))));
        Assert.That(drains, Is.EqualTo(1));
    }

    [Test]
    public void A_message_larger_than_the_queue_is_accepted_when_nothing_else_waits([Values] BackpressurePolicy policy, [Values] bool fromLoop)
    {
        _options.Backpressure = policy;
        Connect();
        _peer.RoomBytes = 0;
        SendStatus status = default;
        Send(() => status = _connection.TrySend(Bytes('x', 70_000)), fromLoop);
        _server.RunUntilIdle();
        Assert.That(status, Is.EqualTo(SendStatus.Queued));
        Assert.That(_connection.IsOpen, Is.True);
        _peer.AddRoom(int.MaxValue);
        _server.RunUntilIdle();
        Assert.That(_peer.Received.Length, Is.EqualTo(70_000));
        Assert.That(_probe.DrainedCount, Is.EqualTo(1));
    }

    [Test]
    [CancelAfter(20_000)]
    public void After_a_drop_the_drain_is_announced_when_the_message_fits([Values(60_000, 100_000)] int length, [Values] bool fromLoop)
    {
        var answers = new List<SendStatus>();
        _onDrained = connection => answers.Add(connection.TrySend(Bytes('b', length)));
        Connect();
        _peer.RoomBytes = 0;
        _connection.TrySend(Bytes('a', 15_000));
        _server.RunUntilIdle();
        Send(() => Assert.That(_connection.TrySend(Bytes('b', length)), Is.EqualTo(SendStatus.Dropped)), fromLoop);
        Assert.That(_connection.IsWritable, Is.False);
        _server.RunUntilIdle();
        Assert.That(answers, Is.Empty, "it would be dropped again");
        _peer.AddRoom(15_000);
        _server.RunUntilIdle();
        Assert.That(answers, Is.EqualTo(new[] { SendStatus.Queued }));
    }

    [Test]
    [CancelAfter(20_000)]
    public void Waiting_after_a_drop_ends_when_the_message_fits()
    {
        Connect();
        _peer.RoomBytes = 0;
        _connection.TrySend(Bytes('a', 15_000));
        int attempts = 0;
        async Task SendUntilAcceptedAsync()
        {
            while (_connection.TrySend(Bytes('b', 60_000)) == SendStatus.Dropped)
            {
                attempts++;
                await _connection.WhenWritableAsync();
            }
        }

        Task sending = SendUntilAcceptedAsync();
        _server.RunUntilIdle();
        Assert.That(sending.IsCompleted, Is.False);
        _peer.AddRoom(15_000);
        _server.RunUntilIdle();
        Assert.That(sending.IsCompletedSuccessfully, Is.True);
        Assert.That(attempts, Is.EqualTo(1));
    }

    [Test]
    public void Disconnect_spares_a_peer_whose_queue_is_not_full()
    {
        _options.Backpressure = BackpressurePolicy.Disconnect;
        Connect();
        ValueTask<SendStatus> streamed = _connection.SendAsync(Bytes('s', 100_000));
        Assert.That(_connection.TrySend("behind"u8), Is.EqualTo(SendStatus.Dropped), "somebody's message goes first");
        _server.RunUntilIdle();
        Assert.That(streamed.IsCompleted, Is.True);
        _peer.RoomBytes = 0;
        _connection.TrySend(Bytes('q', 40_000));
        ValueTask<SendStatus> waiting = _connection.WhenWritableAsync();
        _server.RunUntilIdle();
        Assert.That(_connection.TrySend("x"u8), Is.EqualTo(SendStatus.Queued), "somebody only waits for the drain");
        Assert.That(waiting.IsCompleted, Is.False);
        Assert.That(_connection.TrySend(Bytes('z', 40_000)), Is.EqualTo(SendStatus.Closed));
        Assert.That(_connection.CloseReason, Is.EqualTo(CloseReason.SlowConsumer));
    }

    [Test]
    public void A_cancelled_send_holds_up_nobody_and_holds_no_bytes([Values] bool onLoop)
    {
        Connect();
        _peer.RoomBytes = 0;
        _connection.TrySend(Bytes('q', 20_000));
        _server.RunUntilIdle();
        using var cancellation = new CancellationTokenSource();
        ValueTask<SendStatus> sending = default;
        WeakReference payload = null!;
        Send(() => payload = BeginSend(cancellation.Token, out sending), onLoop);
        _server.RunUntilIdle();
        Assert.That(_connection.TrySend("x"u8), Is.EqualTo(SendStatus.Dropped), "somebody waits");
        cancellation.Cancel();
        Assert.That(async () => await sending, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_connection.TrySend("y"u8), Is.EqualTo(SendStatus.Sent));
        GC.Collect();
        Assert.That(payload.IsAlive, Is.False);
        _peer.AddRoom(int.MaxValue);
        _server.RunUntilIdle();
        Assert.That(_peer.Received.Length, Is.EqualTo(20_001));
        Assert.That(_connection.IsWritable, Is.True);
    }

    [Test]
    public void A_flush_that_leaves_pressure_owes_a_drain()
    {
        Connect();
        _peer.RoomBytes = 0;
        for (int i = 0; i < 9; i++)
        {
            _connection.Output.GetSpan(4096).Clear();
            _connection.Output.Advance(4096);
        }

        Assert.That(_connection.FlushOutput(), Is.False);
        _peer.AddRoom(int.MaxValue);
        _server.RunUntilIdle();
        Assert.That(_probe.DrainedCount, Is.EqualTo(1));
    }

    [Test]
    public void A_shorter_interval_holds_for_what_waits_already()
    {
        Connect();
        _connection.CoalescingInterval = TimeSpan.FromSeconds(1);
        _connection.TrySend("a"u8);
        _server.RunUntilIdle();
        Assert.That(_peer.Received.Length, Is.Zero);
        _connection.CoalescingInterval = TimeSpan.FromMilliseconds(5);
        _connection.TrySend("b"u8);
        _server.Advance(TimeSpan.FromMilliseconds(20));
        Assert.That(Encoding.ASCII.GetString(_peer.TakeReceived()), Is.EqualTo("ab"));
    }

    [Test]
    public void A_send_that_throws_leaves_nothing_counted([Values(10, 5000)] int length, [Values] bool fromLoop)
    {
        Connect();
        SharedSegment payload = SharedSegment.Copy(Bytes('x', length));
        payload.Release();
        Send(() => Assert.That(() => _connection.TrySend("head"u8, payload), Throws.InstanceOf<ObjectDisposedException>()), fromLoop);
        _server.RunUntilIdle();
        Assert.That(_connection.BufferedBytes, Is.Zero);
        _connection.Close();
        _server.RunUntilIdle();
        Assert.That(_peer.SawFin, Is.True);
        Assert.That(_peer.Received.Length, Is.Zero);
    }

    [Test]
    public void While_the_server_is_over_its_total_a_lagging_connection_hears_of_no_drain()
    {
        var probes = new List<ProbeProtocol>();
        int drops = 0;
        var options = new ServerOptions { MaxTotalOutboundBytes = 30_000 };
        var server = new MemoryServer(options, _ =>
        {
            var probe = new ProbeProtocol { OnDrain = connection => drops += connection.TrySend(new byte[100]) == SendStatus.Dropped ? 1 : 0 };
            probes.Add(probe);
            return probe;
        });
        MemoryPeer hog = server.Connect();
        MemoryPeer small = server.Connect();
        hog.RoomBytes = 0;
        small.RoomBytes = 0;
        Connection first = probes[0].Started.GetAwaiter().GetResult();
        Connection second = probes[1].Started.GetAwaiter().GetResult();
        first.TrySend(new byte[40_000]);
        second.TrySend(new byte[384]);
        server.RunUntilIdle();
        Assert.That(second.TrySend(new byte[100]), Is.EqualTo(SendStatus.Dropped));
        server.RunUntilIdle();
        Assert.That(drops, Is.Zero);
        small.AddRoom(int.MaxValue);
        server.RunUntilIdle();
        Assert.That(probes[1].DrainedCount, Is.EqualTo(1), "it lags no longer");
    }

    [Test]
    public void Memory_that_throws_when_the_loop_reads_it_ends_its_connection_alone()
    {
        var probes = new List<ProbeProtocol>();
        var server = new MemoryServer(new ServerOptions(), _ =>
        {
            probes.Add(new ProbeProtocol());
            return probes[^1];
        });
        MemoryPeer slow = server.Connect();
        MemoryPeer other = server.Connect();
        Connection connection = probes[0].Started.GetAwaiter().GetResult();
        slow.RoomBytes = 100;
        using var memory = new DisposedMemory(100_000);
        Task<SendStatus> sending = connection.SendAsync(memory.Memory).AsTask();
        server.RunUntilIdle();
        Assert.That(sending.IsCompleted, Is.False);
        memory.IsGone = true;
        slow.AddRoom(int.MaxValue);
        Assert.That(server.RunUntilIdle, Throws.Nothing);
        Assert.That(sending.WaitAsync(TimeSpan.FromSeconds(5)).GetAwaiter().GetResult(), Is.EqualTo(SendStatus.Closed));
        Assert.That((slow.SawReset, probes[0].Closed.Result), Is.EqualTo((true, CloseReason.HandlerFailed)));
        Assert.That(probes[1].Started.Result.TrySend("on"u8), Is.EqualTo(SendStatus.Sent));
        server.RunUntilIdle();
        Assert.That(Encoding.ASCII.GetString(other.TakeReceived()), Is.EqualTo("on"));
    }

    private static byte[] Bytes(char filler, int length)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill((byte)filler);
        return bytes;
    }

    private static void Send(Action send, bool fromLoop)
    {
        if (fromLoop)
        {
            send();
        }
        else
        {
            ForeignThread.Run(send);
        }
    }

    [SuppressMessage("Reliability", "CA2012:Use ValueTasks correctly", Justification = "Awaited by the caller.")]
    private WeakReference BeginSend(CancellationToken cancellation, out ValueTask<SendStatus> sending)
    {
        byte[] payload = Bytes('c', 60_000);
        sending = _connection.SendAsync(payload, cancellation);
        return new WeakReference(payload);
    }

    private void Connect()
    {
        _probe = new ProbeProtocol { OnDrain = connection => _onDrained?.Invoke(connection) };
        _server = new MemoryServer(new ServerOptions { Connections = _options }, _ => _probe);
        _peer = _server.Connect();
        _connection = _probe.Started.GetAwaiter().GetResult();
    }

    /// <summary>An owner whose memory throws once it is gone, as that of an array pool's or a native buffer's owner does.</summary>
    private sealed class DisposedMemory(int length) : MemoryManager<byte>
    {
        private readonly byte[] _bytes = new byte[length];

        public bool IsGone { get; set; }

        public override Span<byte> GetSpan()
        {
            ObjectDisposedException.ThrowIf(IsGone, this);
            return _bytes;
        }

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
