namespace Engine.Tests;

/// <summary>Several timers a connection, through its loop, and what each loop has one of.</summary>
public sealed class LoopTimerTests
{
    private readonly List<string> _fired = [];
    private MemoryServer _server = null!;
    private Connection _connection = null!;
    private MemoryPeer _peer = null!;

    [SetUp]
    public void Connect()
    {
        _fired.Clear();
        var probe = new ProbeProtocol();
        _server = new MemoryServer(new ServerOptions(), _ => probe);
        _peer = _server.Connect();
        _connection = probe.Started.GetAwaiter().GetResult();
    }

    [Test]
    public void Timers_of_one_connection_do_not_disturb_each_other_or_its_deadline()
    {
        LoopTimer rate = Timer("rate");
        LoopTimer beat = Timer("beat");
        rate.Set(TimeSpan.FromSeconds(1));
        beat.Set(TimeSpan.FromSeconds(2));
        _connection.SetDeadline(TimeSpan.FromSeconds(3));
        rate.Clear();
        _connection.ClearDeadline();
        _server.Advance(TimeSpan.FromSeconds(1.9));
        Assert.That(_fired, Is.Empty);
        _server.Advance(TimeSpan.FromSeconds(0.3));
        Assert.That(_fired, Is.EqualTo(new[] { "beat" }));
        Assert.That(beat.IsSet, Is.False);
    }

    [Test]
    public void A_timer_moves_both_ways_and_fires_once()
    {
        LoopTimer timer = Timer("x");
        timer.Set(TimeSpan.FromSeconds(1));
        timer.Set(TimeSpan.FromSeconds(5));
        _server.Advance(TimeSpan.FromSeconds(4.9));
        Assert.That(_fired, Is.Empty);
        timer.Set(TimeSpan.FromMilliseconds(50));
        _server.Advance(TimeSpan.FromMilliseconds(200));
        Assert.That(_fired, Has.Count.EqualTo(1));
        _server.Advance(TimeSpan.FromSeconds(10));
        Assert.That(_fired, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_timer_may_set_itself_again()
    {
        LoopTimer timer = null!;
        int count = 0;
        timer = _connection.CreateTimer(
            _ =>
            {
                if (++count < 3)
                {
                    timer.Set(TimeSpan.FromSeconds(1));
                }
            },
            null);
        timer.Set(TimeSpan.FromSeconds(1));
        _server.Advance(TimeSpan.FromSeconds(10));
        Assert.That(count, Is.EqualTo(3));
    }

    [Test]
    public void No_timer_fires_after_the_end_of_its_connection_nor_can_it_be_set_then()
    {
        LoopTimer before = Timer("before");
        LoopTimer after = Timer("after");
        before.Set(TimeSpan.FromSeconds(1));
        _peer.Reset();
        _server.RunUntilIdle();
        after.Set(TimeSpan.FromSeconds(1));
        Assert.That(before.IsSet || after.IsSet, Is.False);
        Assert.That(before.HasSlot, Is.False, "the wheel does not keep it");
        _server.Advance(TimeSpan.FromSeconds(3));
        Assert.That(_fired, Is.Empty);
    }

    [Test]
    public void A_timer_of_the_loop_outlives_connections()
    {
        LoopTimer timer = _connection.Loop.CreateTimer(_ => _fired.Add("loop"), null);
        timer.Set(TimeSpan.FromSeconds(1));
        _peer.Reset();
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.That(_fired, Is.EqualTo(new[] { "loop" }));
    }

    [Test]
    public void An_exception_of_a_timer_ends_its_connection_alone()
    {
        LoopTimer timer = _connection.CreateTimer(static _ => throw new InvalidOperationException("bug"), null);
        timer.Set(TimeSpan.FromSeconds(1));
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.That(_connection.CloseReason, Is.EqualTo(CloseReason.HandlerFailed));
        Assert.That(_peer.SawFin, Is.True);
    }

    [TestCase(-1.0)]
    [TestCase(922337203685477.0)]
    public void Infinite_and_enormous_times_never_come(double milliseconds)
    {
        TimeSpan dueIn = milliseconds < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.MaxValue;
        int deadlines = 0;
        var probe = new ProbeProtocol { OnDue = _ => deadlines++ };
        _connection.SwitchProtocol(probe);
        _server.RunUntilIdle();
        LoopTimer timer = Timer("never");
        timer.Set(dueIn);
        _connection.SetDeadline(dueIn);
        _server.Advance(TimeSpan.FromMinutes(2));
        Assert.That(_fired, Is.Empty);
        Assert.That(deadlines, Is.Zero);
    }

    [Test]
    public void Setting_a_timer_allocates_nothing()
    {
        LoopTimer timer = Timer("x");
        timer.Set(TimeSpan.FromSeconds(1));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 1; i < 1000; i++)
        {
            timer.Set(TimeSpan.FromMilliseconds(1000 + (i * 37 % 5000)));
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void A_loop_has_one_value_of_each_kind_and_servers_share_none()
    {
        int made = 0;
        var local = new LoopLocal<object>(_ => { made++; return new object(); });
        var other = new LoopLocal<object>(_ => new object());
        object value = local.On(_connection.Loop);
        Assert.That(local.On(_connection.Loop), Is.SameAs(value));
        Assert.That(other.On(_connection.Loop), Is.Not.SameAs(value));
        Assert.That(made, Is.EqualTo(1));
        var probe = new ProbeProtocol();
        new MemoryServer(new ServerOptions(), _ => probe).Connect();
        LoopRef stranger = probe.Started.GetAwaiter().GetResult().Loop;
        Assert.That(stranger.Index, Is.EqualTo(_connection.Loop.Index));
        Assert.That(stranger, Is.Not.EqualTo(_connection.Loop));
        Assert.That(local.On(stranger), Is.Not.SameAs(value));
    }

    private LoopTimer Timer(string name) => _connection.CreateTimer(_ => _fired.Add(name), null);
}
