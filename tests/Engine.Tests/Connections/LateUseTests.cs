using System.Diagnostics.CodeAnalysis;

namespace Engine.Tests;

/// <summary>Whatever is reused (slots, waiters, segments) is out of reach of those who had it before: a late or double use touches nobody else's connection.</summary>
public sealed class LateUseTests
{
    [TestCase(10)]
    [TestCase(60_000)]
    public void A_deadline_set_on_an_ended_connection_does_not_move_that_of_the_connection_in_its_slot(int lateMilliseconds)
    {
        var raised = new List<string>();
        var probes = new Queue<ProbeProtocol>(new[] { "first", "second" }.Select(name => new ProbeProtocol { OnDue = _ => raised.Add(name) }));
        var server = new MemoryServer(new ServerOptions(), _ => probes.Dequeue());
        (Connection ended, MemoryPeer peer) = Connect(server);
        peer.Reset();
        server.RunUntilIdle();
        (Connection other, _) = Connect(server);
        Assert.That(other.Id.SlotIndex, Is.EqualTo(ended.Id.SlotIndex), "the slot is taken again");
        other.SetDeadline(TimeSpan.FromSeconds(2));
        ended.SetDeadline(TimeSpan.FromMilliseconds(lateMilliseconds));
        ended.ClearDeadline();
        server.Advance(TimeSpan.FromSeconds(1.9));
        Assert.That(raised, Is.Empty);
        server.Advance(TimeSpan.FromSeconds(0.3));
        Assert.That(raised, Is.EqualTo(new[] { "second" }));
    }

    [Test]
    public void A_late_use_of_every_member_of_an_ended_connection_leaves_the_connection_in_its_slot_alone()
    {
        var server = new MemoryServer(new ServerOptions(), _ => new ProbeProtocol());
        (Connection ended, MemoryPeer peer) = Connect(server);
        ended.CoalescingInterval = TimeSpan.FromMilliseconds(5);
        peer.Reset();
        server.RunUntilIdle();
        (Connection other, MemoryPeer otherPeer) = Connect(server);
        ended.Close();
        ended.Abort();
        ended.PauseReceive();
        ended.ResumeReceive();
        ended.SwitchProtocol(new ProbeProtocol());
        ended.CoalescingInterval = TimeSpan.Zero;
        ended.FlushOutput();
        ended.ReportFault(new InvalidOperationException("late"));
        "late"u8.CopyTo(ended.Output.GetSpan(4));
        ended.Output.Advance(4);
        Assert.That(ended.TrySend("late"u8), Is.EqualTo(SendStatus.Closed));
        Assert.That(ended.TrySendControl("late"u8), Is.EqualTo(SendStatus.Closed));
        server.Advance(TimeSpan.FromSeconds(1));
        Assert.That(other.IsOpen && !otherPeer.IsClosed && otherPeer.Received.IsEmpty, Is.True);
        Assert.That(server.Engine.Metrics.RentedSegments, Is.Zero);
    }

    [Test]
    [SuppressMessage("Reliability", "CA2012:Use ValueTasks correctly", Justification = "Wrong uses are what is tested.")]
    public void The_result_of_a_send_that_waited_is_taken_once_and_the_second_time_throws()
    {
        var server = new MemoryServer(new ServerOptions(), _ => new ProbeProtocol());
        (Connection connection, MemoryPeer peer) = Connect(server);
        peer.RoomBytes = 0;
        ValueTask<SendStatus> first = connection.SendAsync(new byte[100_000]);
        server.RunUntilIdle();
        Assert.That(() => first.GetAwaiter().GetResult(), Throws.InvalidOperationException, "it has not completed");
        peer.AddRoom(int.MaxValue);
        server.RunUntilIdle();
        Assert.That(first.GetAwaiter().GetResult(), Is.EqualTo(SendStatus.Sent));
        Assert.That(() => first.GetAwaiter().GetResult(), Throws.InvalidOperationException);

        // Two sends that wait now must not share one waiter.
        peer.RoomBytes = 0;
        ValueTask<SendStatus> second = connection.SendAsync(new byte[100_000]);
        ValueTask<SendStatus> third = connection.SendAsync(new byte[100_000]);
        server.RunUntilIdle();
        Assert.That(() => first.GetAwaiter().GetResult(), Throws.InvalidOperationException);
        peer.AddRoom(int.MaxValue);
        server.RunUntilIdle();
        Assert.That(second.GetAwaiter().GetResult(), Is.EqualTo(SendStatus.Sent));
        Assert.That(third.GetAwaiter().GetResult(), Is.EqualTo(SendStatus.Sent));
        Assert.That(peer.Received.Length, Is.EqualTo(300_000));
    }

    [Test]
    public void A_segment_that_comes_back_twice_is_refused()
    {
        var pool = new SegmentPool();
        Segment segment = pool.RentBlock();
        pool.Return(segment);
        Assert.That(() => pool.Return(segment), Throws.InvalidOperationException);
        Segment next = pool.RentBlock();
        Assert.That(pool.RentBlock(), Is.Not.SameAs(next));
    }

    [Test]
    public void A_shared_segment_released_once_too_often_throws_there_and_is_still_sent_whole()
    {
        var server = new MemoryServer(new ServerOptions(), _ => new ProbeProtocol());
        (Connection connection, MemoryPeer peer) = Connect(server);
        peer.RoomBytes = 0;
        byte[] bytes = new byte[20_000];
        Random.Shared.NextBytes(bytes);
        SharedSegment segment = SharedSegment.Copy(bytes);
        Assert.That(connection.TrySend([], segment), Is.EqualTo(SendStatus.Sent));
        segment.Release();
        Assert.That(segment.Release, Throws.InvalidOperationException);
        peer.AddRoom(int.MaxValue);
        server.RunUntilIdle();
        Assert.That(peer.TakeReceived(), Is.EqualTo(bytes));
        Assert.That(() => segment.Memory, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(segment.AddReference, Throws.InstanceOf<ObjectDisposedException>());
    }

    private static (Connection Connection, MemoryPeer Peer) Connect(MemoryServer server)
    {
        Connection? connection = null;
        MemoryPeer peer = server.Connect();
        server.Engine.ForEachConnection(found => connection = found);
        server.RunUntilIdle();
        return (connection!, peer);
    }
}
