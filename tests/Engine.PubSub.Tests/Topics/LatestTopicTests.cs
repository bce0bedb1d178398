namespace Engine.PubSub.Tests;

/// <summary>One value a key: the newest, and never a backlog.</summary>
[CancelAfter(30_000)]
public sealed class LatestTopicTests
{
    private Room _room = null!;

    [TearDown]
    public void Nothing_is_left() => _room.Close();

    [Test]
    public void New_subscriber_of_a_latest_topic_gets_the_newest_of_each_key()
    {
        _room = new Room(Room.Kinds());
        _room.Hub.Publish("l.a", Room.Keyed("x", "1"));
        _room.Hub.Publish("l.a", Room.Keyed("y", "2"));
        _room.Hub.Publish("l.a", Room.Keyed("x", "3"));
        _room.Hub.Publish("l.a", new TopicMessage("") { Key = "y", IsRemoval = true });
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("l.a");
        Assert.That(guest.Lines(), Is.EqualTo((string[])["M|l.a|3|2|x|3", "R|l.a|4|3|y|"]));
    }

    [Test]
    public void Slow_reader_of_a_latest_topic_gets_the_newest_of_each_key_and_no_backlog()
    {
        _room = new Room(Room.Kinds());
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("l.a");
        guest.Freeze();
        for (int i = 0; i < 10_000; i++)
        {
            _room.Hub.Publish("l.a", Room.Keyed(i % 2 == 0 ? "even" : "odd", $"{i}"));
            if (i % 10 == 0)
            {
                _room.Run();
            }
        }

        _room.Run();
        Assert.That(guest.Subscriber.Connection.BufferedBytes, Is.LessThan(4096), "what waits is little, however much was published");
        guest.Thaw();
        _room.Advance(TopicHub.RetryInterval);
        string[] lines = guest.Lines();
        Assert.That(lines[^2..].Select(static line => line.Split('|')[5]), Is.EqualTo((string[])["9998", "9999"]));
        Assert.That(lines, Has.Length.LessThan(400));
        Assert.That(lines, Has.None.StartsWith("G"));
    }

    [Test]
    public void Latest_topic_with_an_interval_sends_the_newest_once_an_interval()
    {
        _room = new Room(new TopicHubOptions { Default = new TopicOptions(TopicKind.Latest) { MinInterval = TimeSpan.FromMilliseconds(100) } });
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("price");
        for (int i = 1; i <= 1000; i++)
        {
            _room.Hub.Publish("price", $"{i}");
            _room.Run();
            _room.Advance(TimeSpan.FromMilliseconds(1));
        }

        string[] lines = guest.Lines();
        Assert.That(lines, Has.Length.InRange(10, 11));
        int[] values = [.. lines.Select(static line => int.Parse(line.Split('|')[5], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.That(values.Zip(values.Skip(1), static (left, right) => right - left), Has.All.InRange(99, 101), "each is the newest of its time");
    }

    [Test]
    public void Removal_that_is_no_longer_known_makes_a_position_before_it_lost()
    {
        _room = new Room(new TopicHubOptions { Default = new TopicOptions(TopicKind.Latest) { RemovalAge = TimeSpan.FromSeconds(10) } });
        TopicPosition one = _room.Hub.Publish("l", Room.Keyed("x", "1")).Position;
        _room.Hub.Publish("l", Room.Keyed("y", "2"));
        _room.Hub.Publish("l", new TopicMessage("") { Key = "x", IsRemoval = true });
        Room.Guest guest = _room.Enter();
        Assert.That(guest.Subscriber.Subscribe("l", one).Status, Is.EqualTo(SubscribeStatus.Recovered));
        Assert.That(guest.Lines(), Is.EqualTo((string[])["M|l|2|1|y|2", "R|l|3|2|x|"]));
        guest.Subscriber.Unsubscribe("l");
        _room.Advance(TimeSpan.FromSeconds(11));
        Assert.That(guest.Subscriber.Subscribe("l", one).Status, Is.EqualTo(SubscribeStatus.Lost));
        Assert.That(guest.Lines(), Is.EqualTo((string[])["M|l|2|1|y|2"]), "the whole state");
    }
}
