using System.Text;
using Engine.TestKit;

namespace Engine.Tests;

/// <summary>Messages that wait for one another, over the in-memory transport: what is held, what lets go, and what the statuses say meanwhile.</summary>
[CancelAfter(30_000)]
public sealed class CoalescingTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Passed = TimeSpan.FromMilliseconds(11);

    private MemoryServer _server = null!;
    private ProbeProtocol _protocol = null!;
    private MemoryPeer _peer = null!;
    private Connection _connection = null!;

    [TearDown]
    public void Nothing_is_left()
    {
        _peer.RoomBytes = int.MaxValue;
        _peer.AddRoom(0);
        _connection.Close();
        _peer.CloseSend();
        _server.RunUntilIdle();
        Assert.That(_server.Engine.ConnectionCount, Is.Zero);
        Assert.That(_server.Engine.Metrics.RentedSegments, Is.Zero);
    }

    [Test]
    public void Messages_of_one_interval_leave_in_one_send()
    {
        Start();
        for (int i = 0; i < 10; i++)
        {
            Assert.That(_connection.TrySend([(byte)('0' + i)]), Is.EqualTo(SendStatus.Sent));
            _server.RunUntilIdle();
        }

        AskForTurnEnd();
        Assert.That(_peer.SendCount, Is.Zero);
        Assert.That(_connection.BufferedBytes, Is.EqualTo(10));
        _server.Advance(Interval);
        Assert.That(_peer.SendCount, Is.Zero, "not before the interval has passed");
        _server.Advance(Passed - Interval);
        Assert.That(Take(), Is.EqualTo("0123456789"));
        Assert.That(_peer.SendCount, Is.EqualTo(1));
        Assert.That(_connection.BufferedBytes, Is.Zero);
        _connection.TrySend("x"u8);
        _server.Advance(Passed);
        Assert.That(Take(), Is.EqualTo("x"), "the next interval begins with the next message");
    }

    [Test]
    public void Messages_of_other_threads_wait_too_and_keep_their_order()
    {
        Start();
        _connection.TrySend("1"u8);
        ForeignThread.Run(() =>
        {
            Assert.That(_connection.TrySend("2"u8), Is.EqualTo(SendStatus.Sent));
            Assert.That(_connection.TrySend("3"u8), Is.EqualTo(SendStatus.Sent));
        });
        _server.RunUntilIdle();
        Assert.That(_peer.SendCount, Is.Zero);
        Assert.That(_connection.BufferedBytes, Is.EqualTo(3));
        _connection.TrySend("4"u8);
        ForeignThread.Run(() => _connection.TrySend("5"u8));
        _server.Advance(Passed);
        Assert.That(Take(), Is.EqualTo("12345"));
        Assert.That(_peer.SendCount, Is.EqualTo(1));
        ForeignThread.Run(() => _connection.TrySend("6"u8));
        _server.RunUntilIdle();
        Assert.That(_peer.SendCount, Is.EqualTo(1));
        _server.Advance(Passed);
        Assert.That(Take(), Is.EqualTo("6"));
    }

    [Test]
    public void Sixteen_kilobytes_do_not_wait([Values] bool isForeign)
    {
        Start();
        byte[] message = new byte[1024];
        for (int i = 0; i < 17; i++)
        {
            if (isForeign)
            {
                ForeignThread.Run(() => Assert.That(_connection.TrySend(message), Is.EqualTo(SendStatus.Sent)));
            }
            else
            {
                Assert.That(_connection.TrySend(message), Is.EqualTo(SendStatus.Sent));
            }
        }

        _server.RunUntilIdle();
        Assert.That(_peer.Received.Length, Is.GreaterThanOrEqualTo(16 * 1024));
        _server.Advance(Passed);
        Assert.That(_peer.Received.Length, Is.EqualTo(17 * 1024));
    }

    [Test]
    public void A_close_takes_what_waits_along([Values] bool isForeign)
    {
        Start();
        _connection.TrySend("1"u8);
        ForeignThread.Run(() => _connection.TrySend("2"u8));
        if (isForeign)
        {
            ForeignThread.Run(() => _connection.Close());
        }
        else
        {
            _connection.Close();
        }

        _server.RunUntilIdle();
        Assert.That(Take(), Is.EqualTo("12"));
        Assert.That(_peer.SawFin, Is.True);
    }

    [Test]
    public void A_stop_of_the_server_takes_what_waits_along()
    {
        Start();
        _connection.TrySend("1"u8);
        ForeignThread.Run(() => _connection.TrySend("2"u8));
        _ = _server.Engine.StopAsync(TimeSpan.FromMinutes(1));
        Assert.That(_server.RunUntil(() => _peer.SawFin, TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(Take(), Is.EqualTo("12"));
    }

    [Test]
    public void What_must_not_wait_takes_what_waits_along()
    {
        Start();
        foreach (Action urgent in new Action[]
        {
            () => _connection.TrySendControl("u"u8),
            () => ForeignThread.Run(() => _connection.TrySendControl("u"u8)),
            () =>
            {
                _connection.Output.GetSpan(1)[0] = (byte)'u';
                _connection.Output.Advance(1);
            },
            () =>
            {
                _connection.TrySend("u"u8);
                _connection.FlushOutput();
            },
            () =>
            {
                _connection.TrySend("u"u8);
                _connection.CoalescingInterval = TimeSpan.Zero;
            },
        })
        {
            _connection.CoalescingInterval = Interval;
            _connection.TrySend("1"u8);
            ForeignThread.Run(() => _connection.TrySend("2"u8));
            _server.RunUntilIdle();
            Assert.That(Take(), Is.Empty);
            urgent();
            _server.RunUntilIdle();
            string atOnce = Take();
            Assert.That(atOnce, Does.Contain("u"));
            Assert.That(atOnce + TakeLate(), Is.EqualTo("12u").Or.EqualTo("1u2"), "FlushOutput knows nothing of what other threads have sent");
        }

        _connection.TrySend("now"u8);
        _server.RunUntilIdle();
        Assert.That(Take(), Is.EqualTo("now"), "without an interval nothing waits");
    }

    [Test]
    public void A_message_behind_bytes_that_must_not_wait_leaves_with_them()
    {
        Start();
        _connection.TrySendControl("u"u8);
        _connection.TrySend("1"u8);
        _server.RunUntilIdle();
        Assert.That(Take(), Is.EqualTo("u1"));
        Assert.That(_peer.SendCount, Is.EqualTo(1));
    }

    [Test]
    public void What_arrives_does_not_let_go_of_what_waits()
    {
        Start((connection, bytes) =>
        {
            connection.TrySend(bytes);
            return bytes.Length;
        });
        _peer.Send("a"u8);
        _server.RunUntilIdle();
        _peer.Send("b"u8);
        _server.RunUntilIdle();
        Assert.That(_peer.SendCount, Is.Zero);
        _server.Advance(Passed);
        Assert.That(Take(), Is.EqualTo("ab"));
        Assert.That(_peer.SendCount, Is.EqualTo(1));
    }

    [Test]
    public void Statuses_speak_of_pressure_only()
    {
        Start();
        byte[] message = new byte[1000];
        for (int i = 0; i < 200; i++)
        {
            Assert.That(_connection.TrySend(message), Is.EqualTo(SendStatus.Sent), "a peer that reads is no pressure, however much waits for it");
        }

        _server.Advance(Passed);
        Assert.That(_peer.TakeReceived(), Has.Length.EqualTo(200_000));
        _peer.RoomBytes = 0;
        SendStatus[] statuses = [.. Enumerable.Range(0, 70).Select(_ => _connection.TrySend(message))];
        Assert.That(statuses, Is.EqualTo((SendStatus[])[.. Enumerable.Repeat(SendStatus.Sent, 32), .. Enumerable.Repeat(SendStatus.Queued, 33), .. Enumerable.Repeat(SendStatus.Dropped, 5)]));
        _server.Advance(Passed);
        Assert.That(_protocol.DrainedCount, Is.Zero);
        _peer.AddRoom(1_000_000);
        _server.RunUntilIdle();
        Assert.That(_protocol.DrainedCount, Is.EqualTo(1));
        Assert.That(_peer.TakeReceived(), Has.Length.EqualTo(65_000));
    }

    [Test]
    public void What_waits_is_no_backlog_and_makes_no_slow_consumer()
    {
        Start(configure: static options =>
        {
            options.SlowWriteThreshold = TimeSpan.FromMilliseconds(100);
            options.SlowWriteCount = 1;
        });
        _connection.CoalescingInterval = TimeSpan.FromSeconds(1);
        _connection.TrySend("x"u8);
        AskForTurnEnd();
        Assert.That(_server.Engine.Metrics.QueuedBytes, Is.Zero);
        _server.Advance(TimeSpan.FromMilliseconds(1001));
        Assert.That(Take(), Is.EqualTo("x"));
        Assert.That(_server.Engine.Metrics.SlowConsumers, Is.Zero);
    }

    [Test]
    public async Task A_message_that_is_streamed_makes_everything_leave_in_order()
    {
        Start();
        byte[] large = [.. Enumerable.Repeat((byte)'L', 100_000)];
        _connection.TrySend("1"u8);
        _peer.RoomBytes = 10_000;
        ValueTask<SendStatus> sending = _connection.SendAsync(large);
        _server.RunUntilIdle();
        Assert.That(sending.IsCompleted, Is.False);

        // Accepted while the large one is under way, long before it may go out.
        _connection.TrySendControl("c"u8);
        _server.Advance(Passed);
        _peer.RoomBytes = int.MaxValue;
        _peer.AddRoom(0);
        _server.RunUntilIdle();
        Assert.That(await sending, Is.EqualTo(SendStatus.Sent));
        Assert.That(Take(), Is.EqualTo("1" + new string('L', 100_000) + "c"), "and nothing is forgotten behind it");
    }

    [Test]
    public void A_message_that_waits_for_room_does_not_wait_for_the_interval()
    {
        Start();
        _connection.TrySend(new byte[10_000]);
        ValueTask<SendStatus> sending = _connection.SendAsync(new byte[60_000]);
        _server.RunUntilIdle();
        Assert.That(sending.IsCompletedSuccessfully, Is.True);
        Assert.That(_peer.TakeReceived(), Has.Length.GreaterThanOrEqualTo(10_000));
    }

    [Test]
    public void Messages_of_other_threads_behind_a_streamed_one_are_not_forgotten()
    {
        Start();
        _peer.RoomBytes = 0;
        ValueTask<SendStatus> sending = _connection.SendAsync(new byte[66_000]);
        _server.RunUntilIdle();
        _peer.AddRoom(2000);
        _server.RunUntilIdle();
        _peer.AddRoom(66_000 - 2000);
        _server.RunUntilIdle();
        Assert.That(sending.IsCompletedSuccessfully, Is.True);
        Assert.That(_peer.TakeReceived(), Has.Length.EqualTo(66_000));
        ForeignThread.Run(() => Assert.That(_connection.TrySend("tail"u8), Is.Not.EqualTo(SendStatus.Dropped)));
        _peer.RoomBytes = int.MaxValue;
        _server.Advance(Passed);
        Assert.That(Take(), Is.EqualTo("tail"));
    }

    [Test]
    public void Intervals_out_of_range_are_refused()
    {
        Start();
        Assert.That(() => _connection.CoalescingInterval = TimeSpan.FromMilliseconds(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => _connection.CoalescingInterval = TimeSpan.FromSeconds(1.1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        _connection.CoalescingInterval = TimeSpan.FromMilliseconds(0.2);
        Assert.That(_connection.CoalescingInterval, Is.EqualTo(TimeSpan.FromMilliseconds(1)), "whole milliseconds");
    }

    [Test]
    public void Waiting_allocates_nothing()
    {
        Start();
        byte[] message = new byte[100];
        long Round()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10; i++)
            {
                _connection.TrySend(message);
            }

            _server.Advance(Passed);
            long after = GC.GetAllocatedBytesForCurrentThread();
            _peer.TakeReceived();
            return after - before;
        }

        for (int i = 0; i < 50; i++)
        {
            Round();
        }

        Assert.That(Enumerable.Range(0, 1000).Select(_ => Round()).Sum(), Is.Zero);
    }

    private void Start(ProbeProtocol.Receiver? onBytes = null, Action<ConnectionOptions>? configure = null)
    {
        var options = new ServerOptions();
        configure?.Invoke(options.Connections);
        _protocol = new ProbeProtocol { OnBytes = onBytes ?? (static (_, bytes) => bytes.Length) };
        _server = new MemoryServer(options, _ => _protocol);
        _peer = _server.Connect();
        _connection = _protocol.Started.Result;
        _connection.CoalescingInterval = Interval;
    }

    /// <summary>For a reason that has nothing to do with sending.</summary>
    private void AskForTurnEnd()
    {
        _connection.PauseReceive();
        _connection.ResumeReceive();
        _server.RunUntilIdle();
    }

    private string Take() => Encoding.ASCII.GetString(_peer.TakeReceived());

    private string TakeLate()
    {
        _server.Advance(Passed);
        return Take();
    }
}
