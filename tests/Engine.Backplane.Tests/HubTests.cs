using System.Collections.Concurrent;
using System.Globalization;
using Engine.PubSub;
using Engine.PubSub.Tests;

namespace Engine.Backplane.Tests;

/// <summary>What subscribers are promised, whatever the broker, and whatever happens to it.</summary>
[TestFixture("memory")]
[TestFixture("redis")]
[TestFixture("nats")]
[CancelAfter(120_000)]
internal sealed class HubTests(string name)
{
    private readonly List<(Room Room, IBackplane Backplane)> _nodes = [];
    private BrokerUnderTest _broker = null!;

    [SetUp]
    public void Start()
    {
        _broker = BrokerUnderTest.Make(name, maxMessages: 10_000);
        StartBroker();
    }

    [TearDown]
    public void Stop()
    {
        foreach ((Room room, IBackplane backplane) in _nodes)
        {
            room.Close();
            Assert.That(Pool.Run(async () => await backplane.DisposeAsync()).Wait(TimeSpan.FromSeconds(30)), Is.True);
        }

        _nodes.Clear();
        _broker.Dispose();
    }

    private Room Node()
    {
        IBackplane backplane = _broker.Connect();
        var stream = new TopicOptions(TopicKind.Stream) { MaxMessages = 20_000, MaxBytes = 64 << 20 };
        var room = new Room(new TopicHubOptions { Backplane = new BackplaneOptions(backplane) { SubscribeTimeout = TimeSpan.FromSeconds(20) }, Default = stream });
        _nodes.Add((room, backplane));
        return room;
    }

    /// <summary>On the pool: the test's thread belongs to the rooms' loops.</summary>
    private void StartBroker() => Assert.That(Pool.Run(_broker.StartAsync).Wait(TimeSpan.FromSeconds(30)), Is.True);

    /// <summary>Waits on the test's own thread, which is the loops' too.</summary>
    private static T Wait<T>(Task<T> task)
    {
        Assert.That(task.Wait(TimeSpan.FromSeconds(60)), Is.True, "it ends");
        return task.GetAwaiter().GetResult();
    }

    private static (Room.Guest Guest, SubscribeResult Result) Subscribe(Room room, string topic, TopicPosition? after = null)
    {
        // The rooms' clocks stand still, so the wait has no end of its own.
        Assert.That(Wait(room.Hub.PrepareAsync(topic, after).AsTask()), Is.True);
        Room.Guest guest = room.Enter();
        return (guest, guest.Subscriber.Subscribe(topic, after));
    }

    [Test]
    public void Every_confirmed_publication_reaches_every_node_once_in_order_although_the_broker_is_killed_twice()
    {
        const int Count = 1_000;
        Room a = Node(), b = Node();
        (Room.Guest onA, SubscribeResult start) = Subscribe(a, "room");
        (Room.Guest onB, _) = Subscribe(b, "room");
        var confirmed = new ConcurrentDictionary<string, ulong>();
        int done = 0;
        Task[] publishers = [.. new[] { a, b }.Select((room, index) => Pool.Run(async () =>
        {
            for (int i = 0; i < Count; i++)
            {
                string text = string.Create(CultureInfo.InvariantCulture, $"{index}-{i}");
                PublishResult result = await room.Hub.PublishAsync("room", new TopicMessage(text));
                Assert.That(result.IsAccepted, Is.True);
                confirmed[text] = result.Position.Offset;
                Interlocked.Increment(ref done);
            }
        }))];
        foreach (int mark in (int[])[Count / 2, Count])
        {
            SpinWait.SpinUntil(() => Volatile.Read(ref done) >= mark, TimeSpan.FromSeconds(30));
            _broker.Kill();
            StartBroker();
        }

        Assert.That(Task.WaitAll(publishers, TimeSpan.FromSeconds(60)), Is.True);
        var end = start.Position with { Offset = confirmed.Values.Max() };
        foreach ((Room room, Room.Guest guest) in new[] { (a, onA), (b, onB) })
        {
            Assert.That(Wait(room.Hub.PrepareAsync("room", end).AsTask()), Is.True);
            var heard = new Dictionary<string, ulong>();
            ulong last = start.Position.Offset;
            foreach (string line in guest.Lines())
            {
                string[] parts = line.Split('|');
                Assert.That(parts[0], Is.EqualTo("M"), "no gap: " + line);
                Assert.That(ulong.Parse(parts[3], CultureInfo.InvariantCulture), Is.LessThanOrEqualTo(last), "no hole: " + line);
                ulong offset = ulong.Parse(parts[2], CultureInfo.InvariantCulture);
                Assert.That(offset, Is.GreaterThan(last), "in order: " + line);
                heard.Add(parts[5], offset);
                last = offset;
            }

            Assert.That(heard, Is.EquivalentTo(confirmed));
        }

        TestContext.Out.WriteLine($"{name}: {confirmed.Count} confirmed, retries {a.Hub.Backplanes[0].Retries + b.Hub.Backplanes[0].Retries}, "
            + $"catch-ups {a.Hub.Backplanes[0].CatchUps + b.Hub.Backplanes[0].CatchUps}, reconnects {a.Hub.Backplanes[0].Reconnects + b.Hub.Backplanes[0].Reconnects}");
    }

    [Test]
    public void Subscriber_goes_on_on_another_node_with_its_position()
    {
        Room a = Node(), b = Node();
        (_, SubscribeResult start) = Subscribe(a, "room");
        PublishResult first = Wait(a.Hub.PublishAsync("room", new TopicMessage("1")).AsTask());
        Wait(a.Hub.PublishAsync("elsewhere", new TopicMessage("x")).AsTask());
        Wait(a.Hub.PublishAsync("room", new TopicMessage("2")).AsTask());
        PublishResult last = Wait(a.Hub.PublishAsync("room", new TopicMessage("3")).AsTask());
        (Room.Guest guest, SubscribeResult result) = Subscribe(b, "room", first.Position);
        Assert.That((result.Status, result.RecoveredCount), Is.EqualTo((SubscribeStatus.Recovered, 2)));
        Assert.That(guest.Lines().Select(static line => line.Split('|')[5]), Is.EqualTo((string[])["2", "3"]));
        Assert.That(Subscribe(b, "room", start.Position).Result.Status, Is.EqualTo(SubscribeStatus.Recovered).Or.EqualTo(SubscribeStatus.Lost));
        Assert.That(Subscribe(b, "room", last.Position).Result.RecoveredCount, Is.Zero);
    }

    [Test]
    public void Subscribers_of_a_history_that_is_lost_are_never_handed_a_wrong_continuation()
    {
        Room a = Node();
        (Room.Guest guest, _) = Subscribe(a, "room");
        PublishResult old = Wait(a.Hub.PublishAsync("room", new TopicMessage("1")).AsTask());
        _broker.Kill();
        _broker.Forget();
        StartBroker();
        long startedAt = Environment.TickCount64;
        while (guest.Subscriber.Ended is null)
        {
            Assert.That(Environment.TickCount64 - startedAt, Is.LessThan(30_000), "the subscriber is sent away");
            a.Run();
            Thread.Yield();
        }

        PublishResult next = Wait(a.Hub.PublishAsync("room", new TopicMessage("2")).AsTask());
        Assert.That(next.Position.Epoch, Is.Not.EqualTo(old.Position.Epoch));
        Assert.That(Subscribe(a, "room", old.Position).Result.Status, Is.EqualTo(SubscribeStatus.Lost));
    }

    [Test]
    public void Own_messages_are_heard_once()
    {
        Room a = Node(), b = Node();
        (Room.Guest onA, _) = Subscribe(a, "room");
        (Room.Guest onB, _) = Subscribe(b, "room");
        foreach (Room room in (Room[])[a, b])
        {
            Wait(room.Hub.PublishAsync("room", new TopicMessage("x")).AsTask());
        }

        Wait(b.Hub.PrepareAsync("room", Wait(a.Hub.PublishAsync("room", new TopicMessage("end")).AsTask()).Position).AsTask());
        Wait(a.Hub.PrepareAsync("room", b.Hub.PositionOf("room")).AsTask());
        Assert.That(onA.Lines(), Has.Length.EqualTo(3));
        Assert.That(onB.Lines(), Has.Length.EqualTo(3));
    }
}
