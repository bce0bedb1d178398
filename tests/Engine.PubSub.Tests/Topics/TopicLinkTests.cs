namespace Engine.PubSub.Tests;

/// <summary>Hubs of several nodes over one broker in memory: what every node's subscribers see, whatever happens to the broker.</summary>
[CancelAfter(30_000)]
public sealed class TopicLinkTests
{
    private readonly List<Room> _rooms = [];
    private InMemoryBroker _broker = null!;

    [SetUp]
    public void Make_a_broker() => _broker = new InMemoryBroker();

    [TearDown]
    public void Nothing_is_left()
    {
        _rooms.ForEach(static room => room.Close());
        _rooms.Clear();
    }

    private Room Node(Action<BackplaneOptions>? set = null)
    {
        var backplane = new BackplaneOptions(_broker.Connect());
        set?.Invoke(backplane);
        var options = new TopicHubOptions { Backplane = backplane }
            .Add("s.>", new TopicOptions(TopicKind.Stream) { MaxMessages = 100 })
            .Add("l.>", new TopicOptions(TopicKind.Latest));
        var room = new Room(options);
        _rooms.Add(room);
        return room;
    }

    /// <summary>Waits on the test's own thread, which is the loops' too.</summary>
    private static T Wait<T>(Task<T> task)
    {
        Assert.That(task.Wait(TimeSpan.FromSeconds(20)), Is.True, "it ends");
        return task.GetAwaiter().GetResult();
    }

    private static void RunUntil(Func<bool> condition, Room room)
    {
        long startedAt = Environment.TickCount64;
        while (!condition())
        {
            Assert.That(Environment.TickCount64 - startedAt, Is.LessThan(20_000), "it happens");
            room.Run();
            Thread.Yield();
        }
    }

    private static T Wait<T>(ValueTask<T> task) => Wait(task.AsTask());

    private static (Room.Guest Guest, SubscribeResult Result) Subscribe(Room room, string topic, TopicPosition? after = null)
    {
        Assert.That(Wait(room.Hub.PrepareAsync(topic, after)), Is.True);
        Room.Guest guest = room.Enter();
        return (guest, guest.Subscriber.Subscribe(topic, after));
    }

    private static TopicPosition Publish(Room room, string topic, string text)
    {
        PublishResult result = Wait(room.Hub.PublishAsync(topic, new TopicMessage(text)));
        Assert.That(result.Status, Is.EqualTo(PublishStatus.Published));
        return result.Position;
    }

    [Test]
    public void Stream_has_the_brokers_positions_on_every_node()
    {
        Room a = Node(), b = Node();
        (Room.Guest onA, SubscribeResult startA) = Subscribe(a, "s.x");
        (Room.Guest onB, SubscribeResult startB) = Subscribe(b, "s.x");
        Assert.That(startA.Position, Is.EqualTo(startB.Position));
        TopicPosition first = Publish(a, "s.x", "1");
        TopicPosition second = Publish(b, "s.x", "2");
        Assert.That(first, Is.EqualTo(startA.Position with { Offset = 1 }));
        Assert.That(second, Is.EqualTo(startA.Position with { Offset = 2 }));
        string[] expected = ["M|s.x|1|0||1", "M|s.x|2|1||2"];
        Assert.That(onA.Lines(), Is.EqualTo(expected), "own messages once");
        Assert.That(onB.Lines(), Is.EqualTo(expected));
    }

    [Test]
    public void Subscriber_goes_on_on_another_node_with_its_position()
    {
        Room a = Node(), b = Node();
        TopicPosition first = Publish(a, "s.x", "1");
        Publish(a, "s.x", "2");
        Publish(a, "s.x", "3");
        (Room.Guest guest, SubscribeResult result) = Subscribe(b, "s.x", first);
        Assert.That(result.Status, Is.EqualTo(SubscribeStatus.Recovered));
        Assert.That(result.RecoveredCount, Is.EqualTo(2));
        Assert.That(guest.Lines(), Is.EqualTo((string[])["M|s.x|2|1||2", "M|s.x|3|2||3"]));
    }

    [Test]
    public void Topic_that_is_not_ready_refuses_a_subscription_for_now()
    {
        Room a = Node();
        _broker.GoAway();
        Room.Guest guest = a.Enter();
        Assert.That(guest.Subscriber.Subscribe("s.x").Status, Is.EqualTo(SubscribeStatus.Unavailable));
        _broker.Return();
        Assert.That(Wait(a.Hub.PrepareAsync("s.x")), Is.True);
        Assert.That(guest.Subscriber.Subscribe("s.x").Status, Is.EqualTo(SubscribeStatus.Subscribed));
    }

    [Test]
    public void Position_ahead_of_a_node_that_cannot_reach_the_broker_is_refused_and_not_lost()
    {
        Room a = Node();
        Subscribe(a, "s.x");
        TopicPosition ahead = (Publish(a, "s.x", "1")) with { Offset = 5 };
        _broker.GoAway();
        Room.Guest guest = a.Enter();
        Assert.That(guest.Subscriber.Subscribe("s.x", ahead).Status, Is.EqualTo(SubscribeStatus.Unavailable));
    }

    [Test]
    public void Publications_wait_while_the_broker_is_away_and_arrive_once_in_order()
    {
        Room a = Node(), b = Node();
        (Room.Guest onA, _) = Subscribe(a, "s.x");
        (Room.Guest onB, _) = Subscribe(b, "s.x");
        Publish(a, "s.x", "1");
        _broker.GoAway();
        Task<PublishResult>[] waiting = [.. Enumerable.Range(2, 5).Select(i => a.Hub.PublishAsync("s.x", new TopicMessage($"{i}")).AsTask())];
        Assert.That(waiting.Any(static task => task.IsCompleted), Is.False, "nothing is confirmed that the broker has not got");
        Assert.That(a.Hub.Backplanes[0].OutboxLength, Is.EqualTo(5));
        _broker.Return();
        PublishResult[] results = Wait(Task.WhenAll(waiting));
        Assert.That(results.Select(static result => result.Position.Offset), Is.EqualTo((ulong[])[2, 3, 4, 5, 6]));
        Wait(b.Hub.PrepareAsync("s.x", results[^1].Position));
        Wait(a.Hub.PrepareAsync("s.x", results[^1].Position));
        string[] expected = [.. Enumerable.Range(1, 6).Select(static i => $"M|s.x|{i}|{i - 1}||{i}")];
        Assert.That(onA.Lines(), Is.EqualTo(expected));
        Assert.That(onB.Lines(), Is.EqualTo(expected));
        Assert.That(a.Hub.Backplanes[0].Reconnects, Is.EqualTo(1));
        Assert.That(a.Hub.Backplanes[0].OutboxLength, Is.Zero);
    }

    [Test]
    public void Full_outbox_refuses_and_loses_nothing()
    {
        Room a = Node(static options => options.MaxOutboxMessages = 2);
        _broker.GoAway();
        Assert.That(a.Hub.Publish("s.x", "1").Status, Is.EqualTo(PublishStatus.Queued));
        Task<PublishResult> second = a.Hub.PublishAsync("s.x", new TopicMessage("2")).AsTask();
        Assert.That((Wait(a.Hub.PublishAsync("s.x", new TopicMessage("3")))).Status, Is.EqualTo(PublishStatus.Unavailable));
        Assert.That(a.Hub.Publish("e.x", "4").Status, Is.EqualTo(PublishStatus.Unavailable), "nor is it published here alone");
        _broker.Return();
        Assert.That((Wait(second)).Position.Offset, Is.EqualTo(2));
        Assert.That(a.Hub.Backplanes[0].Refused, Is.EqualTo(2));
    }

    [Test]
    public async Task Publication_that_overtakes_the_first_of_its_origin_is_refused()
    {
        var broker = new InMemoryBroker();
        await using InMemoryBackplane node = broker.Connect();
        BackplanePublication Numbered(long sequence) => new("s.x", "x"u8.ToArray(), isKept: true, origin: 7, sequence, previousSequence: sequence - 1);
        await Assert.ThatAsync(() => node.PublishAsync(Numbered(2), default).AsTask(), Throws.TypeOf<IOException>());
        Assert.That((await node.PublishAsync(Numbered(1), default)).Position.Offset, Is.EqualTo(1));
        Assert.That((await node.PublishAsync(Numbered(2), default)).Position.Offset, Is.EqualTo(2));
    }

    [Test]
    public void Outbox_is_bounded_in_bytes()
    {
        Room a = Node(static options => options.MaxOutboxBytes = 600);
        _broker.GoAway();
        Task<PublishResult> first = a.Hub.PublishAsync("s.x", new TopicMessage(new string('x', 500))).AsTask();
        Assert.That((Wait(a.Hub.PublishAsync("s.x", new TopicMessage(new string('x', 500))))).Status, Is.EqualTo(PublishStatus.Unavailable));
        _broker.Return();
        Assert.That((Wait(first)).Status, Is.EqualTo(PublishStatus.Published));
    }

    [Test]
    public void Publications_are_refused_while_the_broker_is_away_where_the_host_wants_that()
    {
        Room a = Node(static options => options.WhileAway = OutboxPolicy.Refuse);
        _broker.GoAway();
        Assert.That((Wait(a.Hub.PublishAsync("s.x", new TopicMessage("1")))).Status, Is.EqualTo(PublishStatus.Unavailable));
        _broker.Return();
        Assert.That((Publish(a, "s.x", "2")).Offset, Is.EqualTo(1));
    }

    [Test]
    public void Second_try_with_an_idempotency_key_on_another_node_is_a_duplicate()
    {
        Room a = Node(), b = Node();
        (Room.Guest guest, _) = Subscribe(b, "s.x");
        var message = new TopicMessage("1") { IdempotencyKey = "k" };
        PublishResult first = Wait(a.Hub.PublishAsync("s.x", message));
        PublishResult second = Wait(b.Hub.PublishAsync("s.x", message));
        Assert.That(second, Is.EqualTo(new PublishResult(PublishStatus.Duplicate, first.Position, 0, 0, 0)));
        Assert.That(guest.Lines(), Has.Length.EqualTo(1));
    }

    [Test]
    public void Publisher_does_not_hear_itself_through_the_broker()
    {
        Room a = Node(), b = Node();
        (Room.Guest publisher, _) = Subscribe(a, "s.x");
        (Room.Guest other, _) = Subscribe(b, "s.x");
        Wait(publisher.Subscriber.PublishAsync("s.x", new TopicMessage("1")));
        Assert.That(other.Lines(), Has.Length.EqualTo(1));
        Assert.That(publisher.Lines(), Is.Empty);
        Assert.That(publisher.Subscriber.PositionOf("s.x").Offset, Is.EqualTo(1), "its position moves all the same");
    }

    [Test]
    public void Node_that_was_away_for_longer_than_the_history_tells_the_gap()
    {
        _broker = new InMemoryBroker(maxMessagesPerTopic: 3);
        Room a = Node();
        (Room.Guest guest, _) = Subscribe(a, "s.x");
        Publish(a, "s.x", "1");
        Assert.That(guest.Lines(), Has.Length.EqualTo(1));
        _broker.GoAway();
        Task<PublishResult>[] waiting = [.. Enumerable.Range(2, 8).Select(i => a.Hub.PublishAsync("s.x", new TopicMessage($"{i}")).AsTask())];
        _broker.Return();
        PublishResult[] results = Wait(Task.WhenAll(waiting));
        Wait(a.Hub.PrepareAsync("s.x", results[^1].Position));
        string[] lines = guest.Lines();
        Assert.That(lines[0], Is.EqualTo("G|s.x|1|6|5").Or.EqualTo("M|s.x|2|1||2"), "told, unless the node was there before the broker forgot");
        Assert.That(lines[^1], Is.EqualTo("M|s.x|9|8||9"));
        ulong last = 1;
        foreach (string line in lines)
        {
            string[] parts = line.Split('|');
            ulong before = ulong.Parse(parts[parts[0] == "G" ? 2 : 3], System.Globalization.CultureInfo.InvariantCulture);
            Assert.That(before, Is.EqualTo(last), "every step is a message or told");
            last = ulong.Parse(parts[parts[0] == "G" ? 3 : 2], System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    [Test]
    public void Broker_that_lost_its_history_ends_the_topics_life()
    {
        Room a = Node();
        (Room.Guest guest, _) = Subscribe(a, "s.x");
        TopicPosition old = Publish(a, "s.x", "1");
        _broker.GoAway();
        _broker.Forget();
        _broker.Return();
        RunUntil(() => guest.Subscriber.Ended is not null, a);
        Assert.That(guest.Subscriber.Ended, Is.EqualTo((0, "history lost")));
        TopicPosition next = Publish(a, "s.x", "2");
        Assert.That(next.Epoch, Is.Not.EqualTo(old.Epoch));
        (_, SubscribeResult back) = Subscribe(a, "s.x", old);
        Assert.That(back.Status, Is.EqualTo(SubscribeStatus.Lost), "a position of the old life is never continued");
    }

    [Test]
    public void Ephemeral_topic_is_delivered_here_first_and_once()
    {
        Room a = Node(), b = Node();
        (Room.Guest onA, _) = Subscribe(a, "e.x");
        (Room.Guest onB, _) = Subscribe(b, "e.x");
        Assert.That(a.Hub.Publish("e.x", "1").Status, Is.EqualTo(PublishStatus.Published));
        Assert.That(onA.Lines(), Is.EqualTo((string[])["M|e.x|1|0||1"]));
        RunUntil(() => b.Hub.Backplanes[0].Received == 1 && a.Hub.Backplanes[0].Received == 1, b);
        Assert.That(onB.Lines(), Is.EqualTo((string[])["M|e.x|1|0||1"]));
        Assert.That(onA.Lines(), Is.Empty, "not again from the broker");
    }

    [Test]
    public void Ephemeral_subscribers_are_told_that_the_node_was_away()
    {
        Room a = Node(), b = Node();
        (Room.Guest onB, _) = Subscribe(b, "e.x");
        a.Hub.Publish("e.x", "1");
        RunUntil(() => b.Hub.Backplanes[0].Received == 1, b);
        Assert.That(onB.Lines(), Has.Length.EqualTo(1));
        _broker.GoAway();
        _broker.Return();
        RunUntil(() => b.Hub.Backplanes[0].Gaps > 0, b);
        Assert.That(onB.Lines(), Is.EqualTo((string[])["G|e.x|1|2|1"]));
    }

    [Test]
    public void Topic_without_subscribers_costs_the_other_nodes_nothing()
    {
        Room a = Node(), b = Node();
        Subscribe(b, "s.other");
        for (int i = 0; i < 100; i++)
        {
            Publish(a, "s.x", $"{i}");
            a.Hub.Publish("e.x", $"{i}");
        }

        RunUntil(() => a.Hub.Backplanes[0].Confirmed == 200, a);
        Assert.That(b.Hub.Backplanes[0].Received, Is.Zero);
    }

    [Test]
    public void Topic_that_nobody_listens_to_any_more_is_let_go_of()
    {
        Room a = Node(), b = Node();
        (Room.Guest guest, _) = Subscribe(b, "s.x");
        Publish(a, "s.x", "1");
        Assert.That(b.Hub.Backplanes[0].Received, Is.EqualTo(1));
        guest.Subscriber.Unsubscribe("s.x");
        b.Advance(TimeSpan.FromMinutes(2));
        Assert.That(b.Hub.Topics, Is.Empty);
        Publish(a, "s.x", "2");
        Assert.That(b.Hub.Backplanes[0].Received, Is.EqualTo(1));
        (Room.Guest back, SubscribeResult result) = Subscribe(b, "s.x", new TopicPosition(b.Hub.PositionOf("s.x").Epoch, 1));
        Assert.That(result.IsSubscribed, Is.True);
        _ = back;
    }

    [Test]
    public void Latest_topic_has_its_state_on_a_node_that_comes_late()
    {
        Room a = Node(), b = Node();
        Wait(a.Hub.PublishAsync("l.x", new TopicMessage("1") { Key = "p" }));
        Wait(a.Hub.PublishAsync("l.x", new TopicMessage("2") { Key = "q" }));
        Wait(a.Hub.PublishAsync("l.x", new TopicMessage("3") { Key = "p" }));
        (Room.Guest guest, _) = Subscribe(b, "l.x");
        Assert.That(guest.Lines(), Is.EqualTo((string[])["M|l.x|2|1|q|2", "M|l.x|3|2|p|3"]));
    }

    [Test]
    public void Order_needs_a_broker_with_history()
    {
        var options = new TopicHubOptions { Backplane = new BackplaneOptions(new Forgetful()), Default = new TopicOptions(TopicKind.Stream) { PublishMode = PublishMode.Ordered } };
        Assert.That(() => new TopicHub(options), Throws.ArgumentException);
        Assert.That(() => new TopicHub(new TopicHubOptions { Backplane = new BackplaneOptions(_broker.Connect(), _broker.Connect()) }), Throws.ArgumentException, "two of one name");
        Assert.That(
            () => new TopicHub(new TopicHubOptions { Backplane = new BackplaneOptions(_broker.Connect()) { SubscribeTimeout = TimeSpan.Zero } }), Throws.InstanceOf<ArgumentException>());
    }

    private sealed class Forgetful : IBackplane
    {
        public string Name => "forgetful";

        public BackplaneTraits Traits => new(KeepsHistory: false, HasConsecutiveOffsets: false, MaxPayloadBytes: 100);

        public BackplaneState State => BackplaneState.Away;

        public void Start(IBackplaneListener listener)
        {
        }

        public ValueTask<BackplaneReceipt> PublishAsync(BackplanePublication publication, CancellationToken cancellationToken) => default;

        public ValueTask SubscribeAsync(string topic, bool isKept, CancellationToken cancellationToken) => default;

        public ValueTask UnsubscribeAsync(string topic, bool isKept) => default;

        public ValueTask<BackplaneHistory> ReadAfterAsync(string topic, TopicPosition after, int maxMessages, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => default;
    }
}
