using System.Text;
using Engine.Http1;

namespace Engine.Sse.Tests;

/// <summary>What a steady stream costs the collector, and where a large event waits. Over the in-memory transport, on one thread.</summary>
[NonParallelizable]
[CancelAfter(60_000)]
public sealed class AllocationTests
{
    private const int WarmRounds = 200;
    private const int Rounds = 2000;

    private readonly List<SseStream> _streams = [];
    private readonly List<MemoryPeer> _peers = [];
    private SseHub<int> _hub = null!;
    private MemoryServer _server = null!;

    [TearDown]
    public void Forget()
    {
        _hub.Dispose();
        _streams.Clear();
        _peers.Clear();
    }

    [TestCase(10)]
    [TestCase(1000)]
    [TestCase(4096)]
    [TestCase(16_384)]
    [TestCase(60_000)]
    public void A_steady_stream_of_events_allocates_nothing(int length)
    {
        Start(1);
        SseStream stream = _streams[0];
        var item = new SseEvent(new string('é', length / 2)) { Id = "1", EventType = "steady" };
        Assert.That(AllocatedBytes(() => stream.TrySend(item) == SendStatus.Sent), Is.Zero);
    }

    [Test]
    public void An_event_of_four_kilobytes_waits_where_it_was_formatted()
    {
        Start(1);
        _peers[0].RoomBytes = 0;
        _streams[0].TrySend(new SseEvent(new string('x', 16_384)));
        _server.RunUntilIdle();
        Assert.That(_streams[0].BufferedBytes, Is.GreaterThan(16_384));
        Assert.That(_server.Engine.Metrics.RentedSegments, Is.EqualTo(3), "the chunk's size line, a view of the event, and what ends the chunk: a copy would fill five");
        _peers[0].AddRoom(100_000);
        _server.RunUntilIdle();
        Assert.That(Encoding.ASCII.GetString(_peers[0].TakeReceived()), Does.EndWith($"\r\ndata: {new string('x', 16_384)}\n\n\r\n"));
    }

    [TestCase(16_384)]
    [TestCase(1_000_000)]
    public async Task Events_that_wait_for_room_allocate_nothing(int length)
    {
        Start(1);
        var item = new SseEvent(new string('x', length));
        MemoryPeer peer = _peers[0];
        long total = 0;
        for (int i = 0; i < WarmRounds + 100; i++)
        {
            if (i == WarmRounds)
            {
                total = GC.GetTotalAllocatedBytes(precise: true);
            }

            peer.RoomBytes = 0;
            for (int sent = 0; sent < 5; sent++)
            {
                ValueTask<SendStatus> sending = _streams[0].SendAsync(item);
                if (!sending.IsCompleted)
                {
                    peer.RoomBytes = int.MaxValue;
                    peer.AddRoom(0);
                    Assert.That(_server.RunUntil(() => sending.IsCompleted, TimeSpan.FromSeconds(10)), Is.True);
                }

                Assert.That(await sending, Is.EqualTo(SendStatus.Sent).Or.EqualTo(SendStatus.Queued));
            }

            peer.RoomBytes = int.MaxValue;
            peer.AddRoom(0);
            _server.RunUntilIdle();
            peer.Forget();
        }

        // The test itself makes closures and constraints: two kilobytes, where one copy of an event would be its length.
        Assert.That((GC.GetTotalAllocatedBytes(precise: true) - total) / 500, Is.LessThan(4000), "bytes an event");
    }

    [Test]
    public void A_hub_formats_an_event_once_for_all_and_allocates_nothing_that_grows_with_them([Values] TopicKind kind)
    {
        const int Members = 20;
        var item = new SseEvent(new string('x', 16_384));
        Start(2, kind);
        long few = AllocatedBytes(() => _hub.Publish("red", item).Delivered == 2);
        _peers.Clear();
        Start(Members, kind);
        Assert.That(AllocatedBytes(() => _hub.Publish("red", item).Delivered == Members), Is.EqualTo(few).Within(100_000), "one object a member would be a million");
        foreach (MemoryPeer peer in _peers)
        {
            peer.RoomBytes = 0;
        }

        _hub.Publish("red", item);
        _server.RunUntilIdle();
        Assert.That(_server.Engine.Metrics.RentedSegments, Is.EqualTo(3 * Members), "a view each");
        _hub.Dispose();
        foreach (MemoryPeer peer in _peers)
        {
            peer.RoomBytes = int.MaxValue;
            peer.AddRoom(0);
        }

        _server.RunUntilIdle();
        Assert.That(_server.Engine.Metrics.RentedSegments, Is.Zero);
    }

    /// <summary>Bytes that so many rounds allocate on this thread, in which the loop runs too.</summary>
    private long AllocatedBytes(Func<bool> trySend)
    {
        long total = 0;
        int failures = 0;
        for (int i = 0; i < WarmRounds + Rounds; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            failures += trySend() ? 0 : 1;
            _server.RunUntilIdle();
            total += i < WarmRounds ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
            _peers.ForEach(static peer => peer.Forget());
        }

        Assert.That(failures, Is.Zero);
        return total;
    }

    private void Start(int count, TopicKind kind = TopicKind.Ephemeral)
    {
        var http = new HttpServer(new HttpServerOptions());
        _hub = new SseHub<int>(new SseHubOptions<int> { Topics = new TopicHubOptions { Default = new TopicOptions(kind) { MaxMessages = 10 } } });
        http.MapSse("/events", (stream, ct) =>
        {
            _streams.Add(stream);
            return Task.Delay(Timeout.Infinite, ct);
        });
        int sessions = 0;
        http.MapSseHub("/hub", _hub, _ => ValueTask.FromResult<SseTicket<int>?>(new SseTicket<int>($"{++sessions}", sessions, "red")));
        _server = new MemoryServer(http.BuildServerOptions(), http.CreateProtocol);
        for (int i = 0; i < count; i++)
        {
            MemoryPeer peer = _server.Connect();
            peer.Send(Encoding.ASCII.GetBytes($"GET {(count == 1 ? "/events" : "/hub")} HTTP/1.1\r\nHost: a\r\n\r\n"));
            _server.RunUntilIdle();
            peer.Forget();
            _peers.Add(peer);
        }
    }
}
