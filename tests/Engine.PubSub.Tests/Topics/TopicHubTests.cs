namespace Engine.PubSub.Tests;

/// <summary>What publishers and subscribers are promised, over in-memory connections on two loops.</summary>
[CancelAfter(30_000)]
public sealed partial class TopicHubTests
{
    private Room _room = null!;

    [TearDown]
    public void Nothing_is_left() => _room.Close();

    [Test]
    public void Message_reaches_the_subscribers_of_every_loop_encoded_once()
    {
        _room = new Room(Room.Kinds(), loops: 2);
        Room.Guest one = _room.Enter(0), two = _room.Enter(1), other = _room.Enter(1);
        one.Subscriber.Subscribe("a");
        two.Subscriber.Subscribe("a");
        other.Subscriber.Subscribe("b");
        int encoded = LineSubscriber.Lines.EncodedCount;
        PublishResult result = _room.Hub.Publish("a", "hello");
        Assert.That(result, Is.EqualTo(new PublishResult(PublishStatus.Published, result.Position, 2, 0, 0)));
        Assert.That(one.Lines(), Is.EqualTo((string[])["M|a|1|0||hello"]));
        Assert.That(two.Lines(), Is.EqualTo((string[])["M|a|1|0||hello"]));
        Assert.That(other.Lines(), Is.Empty);
        Assert.That(LineSubscriber.Lines.EncodedCount - encoded, Is.EqualTo(1));
    }

    [Test]
    public void Publications_of_a_turn_leave_in_one_send()
    {
        _room = new Room();
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("a");
        guest.Subscriber.Subscribe("b");
        int sends = guest.Peer.SendCount;
        for (int i = 0; i < 10; i++)
        {
            _room.Hub.Publish(i % 2 == 0 ? "a" : "b", "x");
        }

        Assert.That(guest.Lines(), Has.Length.EqualTo(10));
        Assert.That(guest.Peer.SendCount, Is.EqualTo(sends + 1));
    }

    [Test]
    public void Subscriber_gets_what_is_published_after_it_subscribed_and_nothing_before()
    {
        _room = new Room();
        Room.Guest first = _room.Enter(), second = _room.Enter();
        first.Subscriber.Subscribe("a");
        _room.Hub.Publish("a", "before");
        SubscribeResult result = second.Subscriber.Subscribe("a");
        _room.Hub.Publish("a", "after");
        Assert.That(result.Status, Is.EqualTo(SubscribeStatus.Subscribed));
        Assert.That(result.Position.Offset, Is.EqualTo(1));
        Assert.That(second.Lines(), Is.EqualTo((string[])["M|a|2|1||after"]));
        Assert.That(first.Lines(), Is.EqualTo((string[])["M|a|1|0||before", "M|a|2|1||after"]));
    }

    [Test]
    public void Unsubscribed_gets_nothing_more_and_a_second_subscription_changes_nothing()
    {
        _room = new Room();
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("a");
        Assert.That(guest.Subscriber.Subscribe("a").Status, Is.EqualTo(SubscribeStatus.AlreadySubscribed));
        Assert.That(guest.Subscriber.Topics, Is.EqualTo((string[])["a"]));
        Assert.That(guest.Subscriber.Unsubscribe("a"), Is.True);
        Assert.That(guest.Subscriber.Unsubscribe("a"), Is.False);
        Assert.That(guest.Subscriber.IsSubscribed("a"), Is.False);
        Assert.That(_room.Hub.SubscriberCount("a"), Is.Zero);
        _room.Hub.Publish("a", "x");
        Assert.That(guest.Lines(), Is.Empty);
    }

    [Test]
    public void Publisher_that_subscribes_gets_everything_but_its_own()
    {
        _room = new Room();
        Room.Guest one = _room.Enter(), two = _room.Enter();
        one.Subscriber.Subscribe("a");
        two.Subscriber.Subscribe("a");
        one.Subscriber.Publish("a", new TopicMessage("mine"));
        two.Subscriber.Publish("a", new TopicMessage("yours"));
        Assert.That(one.Lines(), Is.EqualTo((string[])["M|a|2|1||yours"]));
        Assert.That(two.Lines(), Is.EqualTo((string[])["M|a|1|0||mine"]));
    }

    [Test]
    public void Slow_reader_keeps_its_position_and_goes_on_from_it_when_it_reads_again()
    {
        _room = new Room(new TopicHubOptions().Add("s", new TopicOptions(TopicKind.Stream)), maxOutboundBytes: 1024);
        Room.Guest slow = _room.Enter(), fast = _room.Enter();
        slow.Subscriber.Subscribe("s");
        fast.Subscriber.Subscribe("s");
        slow.Freeze();
        PublishResult last = default;
        for (int i = 0; i < 500; i++)
        {
            last = _room.Hub.Publish("s", $"message {i}");
            _room.Run();
        }

        Assert.That(last, Is.EqualTo(last with { Delivered = 1, Behind = 1 }));
        Assert.That(_room.Hub.Metrics.Behind, Is.EqualTo(1));
        Assert.That(slow.Subscriber.Connection.BufferedBytes, Is.LessThanOrEqualTo(1024));
        Assert.That(fast.Lines(), Has.Length.EqualTo(500));
        slow.Thaw();
        string[] lines = slow.Lines();
        Assert.That(lines.Select(static line => line.Split('|')[5]), Is.EqualTo(Enumerable.Range(0, 500).Select(static i => $"message {i}")));
        Assert.That(_room.Hub.Metrics.Behind, Is.Zero);
    }

    [Test]
    public void Reader_that_is_overtaken_is_told_what_it_missed()
    {
        _room = new Room(Room.Kinds(), maxOutboundBytes: 1024);
        Room.Guest slow = _room.Enter();
        slow.Subscriber.Subscribe("s.a");
        slow.Freeze();
        for (int i = 0; i < 200; i++)
        {
            _room.Hub.Publish("s.a", new string('x', 50));
            _room.Run();
        }

        slow.Thaw();
        string[] lines = slow.Lines();
        string[] gap = lines.Single(static line => line.StartsWith('G')).Split('|');
        int before = int.Parse(gap[2], System.Globalization.CultureInfo.InvariantCulture);
        Assert.That(lines, Has.Length.EqualTo(before + 1 + 5), "what the queue had, the gap, what is kept");
        Assert.That(gap, Is.EqualTo((string[])["G", "s.a", gap[2], "195", $"{195 - before}"]));
        Assert.That(_room.Hub.Metrics.Gaps, Is.EqualTo(1));
    }

    [Test]
    public void Reader_that_is_overtaken_is_closed_where_the_topic_says_so()
    {
        _room = new Room(new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) { MaxMessages = 5, Overtaken = OvertakenPolicy.Close } }, maxOutboundBytes: 1024);
        Room.Guest slow = _room.Enter();
        slow.Subscriber.Subscribe("a");
        slow.Freeze();
        for (int i = 0; i < 100; i++)
        {
            _room.Hub.Publish("a", new string('x', 50));
            _room.Run();
        }

        slow.Thaw();
        _room.Run();
        Assert.That(slow.Subscriber.Ended, Is.Not.Null);
        Assert.That(_room.Hub.SubscriberCount("a"), Is.Zero);
    }

    [Test]
    public void Subscriber_that_comes_back_gets_what_it_missed_or_is_told_that_it_is_lost()
    {
        _room = new Room(Room.Kinds());
        Room.Guest guest = _room.Enter();
        TopicPosition start = guest.Subscriber.Subscribe("s.a").Position;
        guest.Subscriber.Unsubscribe("s.a");
        for (int i = 1; i <= 4; i++)
        {
            _room.Hub.Publish("s.a", $"{i}");
        }

        SubscribeResult recovered = guest.Subscriber.Subscribe("s.a", start);
        Assert.That(recovered, Is.EqualTo(recovered with { Status = SubscribeStatus.Recovered, RecoveredCount = 4 }));
        Assert.That(guest.Lines(), Is.EqualTo((string[])["M|s.a|1|0||1", "M|s.a|2|1||2", "M|s.a|3|2||3", "M|s.a|4|3||4"]));
        guest.Subscriber.Unsubscribe("s.a");
        for (int i = 5; i <= 8; i++)
        {
            _room.Hub.Publish("s.a", $"{i}");
        }

        SubscribeResult lost = guest.Subscriber.Subscribe("s.a", start);
        Assert.That(lost, Is.EqualTo(lost with { Status = SubscribeStatus.Lost, RecoveredCount = 5, LostAfter = start }));
        Assert.That(guest.Lines().Select(static line => line[^1]), Is.EqualTo("45678"));
    }

    [Test]
    public void Position_of_another_epoch_is_lost_and_replays_nothing()
    {
        _room = new Room(Room.Kinds());
        Room.Guest guest = _room.Enter();
        _room.Hub.Publish("s.a", "1");
        SubscribeResult result = guest.Subscriber.Subscribe("s.a", new TopicPosition(7, 0));
        Assert.That(result, Is.EqualTo(result with { Status = SubscribeStatus.Lost, RecoveredCount = 0 }));
        Assert.That(guest.Lines(), Is.Empty);
    }

    [Test]
    public void Position_from_the_future_is_lost()
    {
        _room = new Room(Room.Kinds());
        Room.Guest guest = _room.Enter();
        TopicPosition one = _room.Hub.Publish("s.a", "1").Position;
        Assert.That(guest.Subscriber.Subscribe("s.a", one with { Offset = 9 }).Status, Is.EqualTo(SubscribeStatus.Lost));
    }

    [Test]
    public void Ephemeral_topic_recovers_nothing_but_knows_whether_something_was_missed()
    {
        _room = new Room();
        Room.Guest guest = _room.Enter();
        TopicPosition one = _room.Hub.Publish("e", "1").Position;
        Assert.That(guest.Subscriber.Subscribe("e", one).Status, Is.EqualTo(SubscribeStatus.Recovered));
        guest.Subscriber.Unsubscribe("e");
        _room.Hub.Publish("e", "2");
        Assert.That(guest.Subscriber.Subscribe("e", one).Status, Is.EqualTo(SubscribeStatus.Lost));
        Assert.That(guest.Lines(), Is.Empty);
    }

    [Test]
    public void Message_larger_than_the_queue_reaches_everybody_in_order()
    {
        _room = new Room(Room.Kinds(), maxOutboundBytes: 1024);
        Room.Guest guest = _room.Enter(), slow = _room.Enter();
        guest.Subscriber.Subscribe("s.a");
        slow.Subscriber.Subscribe("s.a");
        slow.Freeze();
        _room.Hub.Publish("s.a", "1");
        _room.Hub.Publish("s.a", new string('x', 100_000));
        _room.Hub.Publish("s.a", "3");
        Assert.That(guest.Lines().Select(static line => line.Length), Is.EqualTo((int[])[12, 100_011, 12]));
        for (int i = 0; i < 300; i++)
        {
            slow.Thaw(1000);
            _room.Run();
        }

        Assert.That(slow.Lines().Select(static line => line.Length), Is.EqualTo((int[])[12, 100_011, 12]));
    }

    [Test]
    public void Wildcards_are_refused_unless_the_hub_allows_them()
    {
        _room = new Room();
        Assert.That(_room.Enter().Subscriber.Subscribe("a.*").Status, Is.EqualTo(SubscribeStatus.InvalidTopic));
        Assert.That(_room.Hub.Publish("a.*", "x").Status, Is.EqualTo(PublishStatus.InvalidTopic));
    }

    [Test]
    public void Pattern_gets_what_is_published_to_matching_topics_with_positions_of_its_own()
    {
        TopicHubOptions options = Room.Kinds();
        options.Wildcards = new TopicOptions(TopicKind.Stream);
        _room = new Room(options);
        Room.Guest exact = _room.Enter(), all = _room.Enter();
        exact.Subscriber.Subscribe("s.b");
        _room.Hub.Publish("s.b", "0");
        TopicPosition start = all.Subscriber.Subscribe("s.*").Position;
        PublishResult result = _room.Hub.Publish("s.a", "1");
        Assert.That(result.Delivered, Is.EqualTo(1));
        _room.Hub.Publish("s.b", "2");
        _room.Hub.Publish("other", "3");
        Assert.That(all.Lines(), Is.EqualTo((string[])["M|s.*|1|0||1", "M|s.*|2|1||2"]));
        Assert.That(exact.Lines(), Is.EqualTo((string[])["M|s.b|1|0||0", "M|s.b|2|1||2"]));
        all.Subscriber.Unsubscribe("s.*");
        _room.Hub.Publish("s.c", "4");
        Assert.That(all.Subscriber.Subscribe("s.*", start), Is.EqualTo(all.Subscriber.Subscribe("s.*") with { Status = SubscribeStatus.Recovered, RecoveredCount = 3 }).Or.Property("RecoveredCount").EqualTo(3));
        Assert.That(all.Lines().Select(static line => line[^1]), Is.EqualTo("124"));
    }

    [Test]
    public void Topics_are_activated_and_deactivated_in_order(CancellationToken cancellationToken)
    {
        _room = new Room();
        var seen = new List<string>();
        using var done = new CountdownEvent(4);
        void Note(string text)
        {
            lock (seen)
            {
                seen.Add(text);
            }

            done.Signal();
        }

        _room.Hub.TopicActivated += topic => Note($"+{topic}");
        _room.Hub.TopicDeactivated += topic => Note($"-{topic}");
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("a");
        _room.Enter().Subscriber.Subscribe("a");
        guest.Subscriber.Unsubscribe("a");
        guest.Subscriber.Subscribe("b");
        guest.Subscriber.Unsubscribe("b");
        guest.Subscriber.Subscribe("b");
        done.Wait(cancellationToken);
        Assert.That(seen, Is.EqualTo((string[])["+a", "+b", "-b", "+b"]));
    }

    [Test]
    public void Subscriptions_have_ended_before_the_connection_is_said_to_be_closed()
    {
        _room = new Room();
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("a");
        int? countAtClose = null;
        guest.OnClosed = () => countAtClose = _room.Hub.SubscriberCount("a");
        guest.Peer.Reset();
        _room.Run();
        Assert.That(countAtClose, Is.Zero);
        Assert.That(guest.Subscriber.Subscribe("a").Status, Is.EqualTo(SubscribeStatus.Closed));
    }

    [Test]
    public void Subscriber_that_is_gone_is_told_to_the_next_publisher_once()
    {
        _room = new Room();
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("a");
        guest.Subscriber.Connection.Close();
        Assert.That(_room.Hub.Publish("a", "1").Delivered, Is.EqualTo(1), "nobody knows yet");
        _room.Run();
        PublishResult second = _room.Hub.Publish("a", "2");
        Assert.That(second.Delivered, Is.Zero);
    }

    [Test]
    public void Everything_may_be_done_for_each_subscriber_while_it_is_visited()
    {
        _room = new Room(loops: 2);
        Room.Guest[] guests = [_room.Enter(0), _room.Enter(1), _room.Enter(0), _room.Enter(1)];
        foreach (Room.Guest guest in guests)
        {
            guest.Subscriber.Subscribe("a");
        }

        int visits = 0;
        _room.Hub.ForEach("a", subscriber =>
        {
            switch (visits++)
            {
                case 0:
                    subscriber.Unsubscribe("a");
                    break;
                case 1:
                    subscriber.Connection.Abort();
                    break;
                case 2:
                    subscriber.Publish("a", new TopicMessage("x"));
                    subscriber.Subscribe("b");
                    break;
            }
        });
        _room.Run();
        Assert.That(visits, Is.EqualTo(4));
        Assert.That(_room.Hub.SubscriberCount("a"), Is.EqualTo(2));
        Assert.That(guests.Sum(static guest => guest.Lines().Length), Is.EqualTo(1));
    }

    [Test]
    public void All_connections_of_a_topic_are_closed_with_a_code()
    {
        _room = new Room();
        Room.Guest guest = _room.Enter(), other = _room.Enter();
        guest.Subscriber.Subscribe("a");
        other.Subscriber.Subscribe("b");
        _room.Hub.CloseAll("a", 4001, "over");
        _room.Run();
        Assert.That(guest.Subscriber.Ended, Is.EqualTo((4001, "over")));
        Assert.That(other.Subscriber.Ended, Is.Null);
    }

    [Test]
    public void Idle_topic_is_forgotten_and_its_old_positions_are_lost()
    {
        _room = new Room(Room.Kinds());
        TopicPosition one = _room.Hub.Publish("s.a", "1").Position;
        _room.Advance(TimeSpan.FromMinutes(7));
        Assert.That(_room.Hub.Topics, Is.Empty);
        Room.Guest guest = _room.Enter();
        Assert.That(guest.Subscriber.Subscribe("s.a", one).Status, Is.EqualTo(SubscribeStatus.Lost));
    }

    [Test]
    public void Hub_that_is_disposed_ends_subscriptions_and_refuses_the_rest()
    {
        _room = new Room();
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("a");
        _room.Hub.Dispose();
        _room.Run();
        Assert.That(guest.Subscriber.SubscriptionCount, Is.Zero);
        Assert.That(_room.Hub.Publish("a", "x").Status, Is.EqualTo(PublishStatus.Closed));
        Assert.That(guest.Subscriber.Subscribe("a").Status, Is.EqualTo(SubscribeStatus.Closed));
    }
}
