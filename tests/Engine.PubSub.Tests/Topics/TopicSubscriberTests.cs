namespace Engine.PubSub.Tests;

/// <summary>What one connection's subscriptions do to one another, and what ends between two of their steps.</summary>
[CancelAfter(30_000)]
public sealed class TopicSubscriberTests
{
    private Room _room = null!;

    [TearDown]
    public void Nothing_is_left() => _room.Close();

    [Test]
    public void Subscriber_that_comes_as_the_last_other_one_is_found_gone_gets_what_follows()
    {
        _room = new Room();
        Room.Guest gone = _room.Enter(), comes = _room.Enter();
        gone.Subscriber.Subscribe("a");
        _room.Hub.Publish("a", "before");
        gone.Subscriber.Connection.Close();
        comes.Subscriber.Subscribe("a");
        _room.Run();
        _room.Hub.Publish("a", "after");
        Assert.That(comes.Lines(), Is.EqualTo((string[])["M|a|2|1||after"]));
        Assert.That(_room.Hub.SubscriberCount("a"), Is.EqualTo(1));
    }

    [Test]
    public void Subscriber_that_leaves_gets_what_was_published_before_and_nothing_after()
    {
        _room = new Room();
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("a");
        _room.Hub.Publish("a", "before");
        Assert.That(guest.Subscriber.Unsubscribe("a"), Is.True);
        Assert.That(guest.Subscriber.Unsubscribe("a"), Is.False);
        _room.Hub.Publish("a", "after");
        Assert.That(guest.Lines(), Is.EqualTo((string[])["M|a|1|0||before"]));
    }

    [Test]
    public void Position_that_is_taken_before_there_is_anybody_loses_nothing()
    {
        _room = new Room(new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) });
        TopicPosition taken = _room.Hub.TakePosition("a");
        Assert.That(taken.IsNone, Is.False);
        Assert.That(_room.Hub.TakePosition("a.\n").IsNone, Is.True, "no topic has that name");
        _room.Hub.Publish("a", "1");
        Room.Guest guest = _room.Enter();
        Assert.That(guest.Subscriber.Subscribe("a", taken).RecoveredCount, Is.EqualTo(1));
        Assert.That(guest.Lines(), Is.EqualTo((string[])["M|a|1|0||1"]));
    }

    [Test]
    public void Rule_that_is_added_first_comes_before_those_of_the_copied_options()
    {
        var options = new TopicHubOptions { MaxTopics = 7 };
        options.Add("a.>", new TopicOptions(TopicKind.Latest));
        TopicHubOptions copy = new TopicHubOptions(options).AddFirst("a.b", new TopicOptions(TopicKind.Stream));
        Assert.That(copy.MaxTopics, Is.EqualTo(7));
        _room = new Room(copy);
        Room.Guest guest = _room.Enter();
        Assert.That(guest.Subscriber.Subscribe("a.b").Kind, Is.EqualTo(TopicKind.Stream));
        Assert.That(guest.Subscriber.Subscribe("a.c").Kind, Is.EqualTo(TopicKind.Latest));
    }

    [Test]
    public void Topic_that_always_fills_the_queue_does_not_starve_the_other_topics()
    {
        _room = new Room(new TopicHubOptions().Add("s.>", new TopicOptions(TopicKind.Stream)), maxOutboundBytes: 1024);
        Room.Guest guest = _room.Enter();
        string[] topics = ["s.quiet", "s.busy", "s.calm"];
        Array.ForEach(topics, topic => guest.Subscriber.Subscribe(topic));
        guest.Freeze();
        string received = "";
        for (int round = 0; round < 40; round++)
        {
            for (int i = 0; i < 50; i++)
            {
                _room.Hub.Publish("s.busy", "busy");
            }

            _room.Hub.Publish("s.quiet", "quiet");
            _room.Hub.Publish("s.calm", "calm");
            _room.Run();
            guest.Thaw(600);
            _room.Run();
            received += System.Text.Encoding.UTF8.GetString(guest.Peer.TakeReceived());
        }

        string[] lines = received.Split('\n');
        Assert.That(lines.Count(static line => line.EndsWith("|quiet", StringComparison.Ordinal)), Is.GreaterThan(10));
        Assert.That(lines.Count(static line => line.EndsWith("|calm", StringComparison.Ordinal)), Is.GreaterThan(10));
        guest.Thaw();
    }

    [Test]
    public void Subscription_that_begins_anew_while_a_large_message_is_sent_gets_everything_after_its_position()
    {
        _room = new Room(new TopicHubOptions().Add("s", new TopicOptions(TopicKind.Stream)), maxOutboundBytes: 1024);
        Room.Guest guest = _room.Enter();
        TopicPosition start = guest.Subscriber.Subscribe("s").Position;
        _room.Hub.Publish("s", "one");
        _room.Hub.Publish("s", "two");
        Assert.That(guest.Lines(), Has.Length.EqualTo(2));
        guest.Freeze();
        _room.Hub.Publish("s", new string('x', 5_000));
        _room.Run();
        guest.Subscriber.Unsubscribe("s");
        Assert.That(guest.Subscriber.Subscribe("s", start).RecoveredCount, Is.EqualTo(3));
        guest.Thaw();
        Assert.That(guest.Lines().Select(static line => line[..7]), Is.EqualTo((string[])["M|s|3|2", "M|s|1|0", "M|s|2|1", "M|s|3|2"]));
    }

    [Test]
    public void Slow_reader_of_a_latest_topic_is_not_kept_waiting_by_the_interval_of_another_topic()
    {
        _room = new Room(
            new TopicHubOptions()
                .Add("hourly", new TopicOptions(TopicKind.Latest) { MinInterval = TimeSpan.FromSeconds(60) })
                .Add("l", new TopicOptions(TopicKind.Latest)),
            maxOutboundBytes: 8192);
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("hourly");
        guest.Subscriber.Subscribe("l");
        _room.Hub.Publish("hourly", "one");
        _room.Run();
        _room.Hub.Publish("hourly", "two");
        _room.Run();
        guest.Freeze();
        for (int i = 0; i < 100; i++)
        {
            _room.Hub.Publish("l", $"{i} {new string('x', 100)}");
            _room.Run();
        }

        guest.Thaw();
        _room.Advance(TimeSpan.FromMilliseconds(100));
        Assert.That(guest.Lines()[^1], Does.Contain("||99 x"));
        Assert.That(guest.Subscriber.PositionOf("l"), Is.EqualTo(_room.Hub.PositionOf("l")));
    }

    [Test]
    public void Message_that_a_pattern_keeps_too_is_counted_as_published_once()
    {
        _room = new Room(new TopicHubOptions { Wildcards = new TopicOptions(TopicKind.Stream) });
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("a.*");
        _room.Hub.Publish("a.b", "x");
        Assert.That(guest.Lines(), Has.Length.EqualTo(1));
        Assert.That(_room.Hub.Metrics.Published, Is.EqualTo(1));
    }
}
