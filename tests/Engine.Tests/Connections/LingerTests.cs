namespace Engine.Tests;

/// <summary>How long a slow peer is waited for, by a clock that the test turns: as long as it takes bytes, and no longer.</summary>
public sealed class LingerTests
{
    private MemoryServer _server = null!;
    private Connection _connection = null!;
    private MemoryPeer _peer = null!;
    private ProbeProtocol _probe = null!;

    [Test]
    public void A_close_waits_as_long_as_the_peer_takes_bytes_then_closes_plainly()
    {
        Connect(static options => options.CloseTimeout = TimeSpan.FromSeconds(5));
        Acknowledge(0);
        _connection.Close();
        _server.RunUntilIdle();
        Assert.That(_peer.SawFin, Is.True);
        for (int i = 1; i <= 20; i++)
        {
            Acknowledge(i);
            _server.Advance(TimeSpan.FromSeconds(4));
            Assert.That(_peer.IsClosed, Is.False, "it took bytes less than five seconds ago");
        }

        _server.Advance(TimeSpan.FromSeconds(4));
        Assert.That(_peer.IsClosed, Is.True);
        Assert.That(_peer.SawReset, Is.False, "what the kernel still holds is not thrown away");
        Assert.That(_probe.Closed.GetAwaiter().GetResult(), Is.EqualTo(CloseReason.Completed));
    }

    [Test]
    public void A_close_in_which_the_kernel_tells_nothing_ends_after_the_timeout_without_a_reset()
    {
        Connect(static options => options.CloseTimeout = TimeSpan.FromSeconds(5));
        _connection.Close();
        _server.Advance(TimeSpan.FromSeconds(4));
        Assert.That(_peer.IsClosed, Is.False);
        _server.Advance(TimeSpan.FromSeconds(3));
        Assert.That(_peer.IsClosed && !_peer.SawReset, Is.True);
    }

    [Test]
    public void A_write_is_given_up_when_the_peer_acknowledged_nothing_for_the_timeout_and_not_before()
    {
        Connect(static options => options.WriteTimeout = TimeSpan.FromSeconds(30));
        _peer.RoomBytes = 0;
        Acknowledge(0);
        _connection.TrySend(new byte[1000]);
        _server.RunUntilIdle();
        for (int i = 1; i <= 10; i++)
        {
            Acknowledge(i);
            _server.Advance(TimeSpan.FromSeconds(25));
            Assert.That(_connection.IsOpen, Is.True, "the kernel had no room, but the peer took bytes");
        }

        _server.Advance(TimeSpan.FromSeconds(20));
        Assert.That(_connection.CloseReason, Is.EqualTo(CloseReason.WriteTimeout));
        Assert.That(_peer.SawReset, Is.True);
    }

    [Test]
    public void A_peer_that_does_not_read_is_kept_while_nothing_of_ours_waits_for_it()
    {
        Connect(static options => options.WriteTimeout = TimeSpan.FromSeconds(4));
        Acknowledge(0);
        _connection.TrySend(new byte[1000]);
        _server.Advance(TimeSpan.FromMinutes(5));
        Assert.That(_connection.IsOpen, Is.True, "the kernel holds the bytes, and its own clock says whether the peer is alive");
        Assert.That(_connection.TrySend("more"u8), Is.EqualTo(SendStatus.Sent));
    }

    [Test]
    public void A_large_shared_segment_is_written_as_long_as_the_peer_takes_a_part_of_it_in_time()
    {
        const int Bytes = 1_000_000;
        Connect(static options =>
        {
            options.WriteTimeout = TimeSpan.FromSeconds(30);
            options.MaxOutboundBytes = Bytes;
        });
        _peer.RoomBytes = 0;
        var segment = SharedSegment.Copy(new byte[Bytes]);
        Assert.That(_connection.TrySend([], segment), Is.EqualTo(SendStatus.Queued));
        segment.Release();
        for (int taken = 0; taken < Bytes; taken += 50_000)
        {
            _peer.AddRoom(50_000);
            _server.Advance(TimeSpan.FromSeconds(25));
            Assert.That(_connection.IsOpen, Is.True, "it took 50,000 bytes less than thirty seconds ago");
        }

        Assert.That((_peer.Received.Length, _connection.BufferedBytes), Is.EqualTo((Bytes, 0)));
    }

    [Test]
    public void Infinite_timeouts_never_end_a_connection()
    {
        Connect(static options =>
        {
            options.CloseTimeout = Timeout.InfiniteTimeSpan;
            options.MaxCloseTime = Timeout.InfiniteTimeSpan;
            options.WriteTimeout = Timeout.InfiniteTimeSpan;
        });
        _peer.RoomBytes = 0;
        _connection.TrySend(new byte[1000]);
        _connection.Close();
        _server.Advance(TimeSpan.FromMinutes(5));
        Assert.That(_peer.IsClosed, Is.False);
        _peer.AddRoom(1000);
        _server.Advance(TimeSpan.FromMinutes(5));
        Assert.That(_peer.SawFin && !_peer.IsClosed, Is.True);
        _peer.CloseSend();
        _server.RunUntilIdle();
        Assert.That(_peer.IsClosed, Is.True);
    }

    [Test]
    public void A_close_takes_no_longer_than_its_greatest_time_however_steadily_the_peer_reads()
    {
        Connect(static options => options.MaxCloseTime = TimeSpan.FromMinutes(1));
        _peer.RoomBytes = 10;
        _connection.TrySend(new byte[1000]);
        _connection.Close();
        for (int i = 0; i < 28; i++)
        {
            _peer.AddRoom(1);
            Acknowledge(i);
            _server.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.That(_peer.IsClosed, Is.False);
        _server.Advance(TimeSpan.FromSeconds(6));
        Assert.That(_peer.IsClosed && _peer.SawReset, Is.True);
    }

    private void Connect(Action<ConnectionOptions> configure)
    {
        var options = new ServerOptions();
        configure(options.Connections);
        _probe = new ProbeProtocol();
        _server = new MemoryServer(options, _ => _probe);
        _peer = _server.Connect();
        _connection = _probe.Started.GetAwaiter().GetResult();
    }

    private void Acknowledge(long bytes) => _peer.Info = new TcpInfo(IsKnown: true, HasUnacknowledged: true, bytes, UnacknowledgedBytes: 1);
}
