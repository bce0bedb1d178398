namespace Engine.PubSub.Tests;

/// <summary>What a publication may carry, how it is told again, and where topics and their logs end.</summary>
[CancelAfter(30_000)]
public sealed class PublicationTests
{
    private Room _room = null!;

    [TearDown]
    public void Nothing_is_left() => _room.Close();

    [Test]
    public void Repeated_idempotency_key_is_answered_with_the_first_position_and_not_published()
    {
        _room = new Room(Room.Kinds());
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("s.a");
        TopicMessage message = new("1") { IdempotencyKey = "k" };
        PublishResult first = _room.Hub.Publish("s.a", message);
        _room.Hub.Publish("s.a", "2");
        Assert.That(_room.Hub.Publish("s.a", message), Is.EqualTo(new PublishResult(PublishStatus.Duplicate, first.Position, 0, 0, 0)));
        Assert.That(guest.Lines(), Has.Length.EqualTo(2));
        _room.Advance(TimeSpan.FromMinutes(6));
        Assert.That(_room.Hub.Publish("s.a", message).Status, Is.EqualTo(PublishStatus.Published), "the window is over");
    }

    [Test]
    public void Idempotency_keys_are_bounded_and_the_oldest_is_forgotten_first()
    {
        TopicHubOptions options = Room.Kinds();
        options.MaxIdempotencyKeys = 2;
        _room = new Room(options);
        foreach (string key in (string[])["1", "2", "3"])
        {
            _room.Hub.Publish("s.a", new TopicMessage(key) { IdempotencyKey = key });
        }

        Assert.That(_room.Hub.Publish("s.a", new TopicMessage("") { IdempotencyKey = "3" }).Status, Is.EqualTo(PublishStatus.Duplicate));
        Assert.That(_room.Hub.Publish("s.a", new TopicMessage("") { IdempotencyKey = "1" }).Status, Is.EqualTo(PublishStatus.Published));
    }

    [Test]
    public void Older_version_is_not_published()
    {
        _room = new Room(Room.Kinds());
        Assert.That(_room.Hub.Publish("l.a", new TopicMessage("2") { Key = "x", Version = 2 }).Status, Is.EqualTo(PublishStatus.Published));
        Assert.That(_room.Hub.Publish("l.a", new TopicMessage("1") { Key = "x", Version = 1 }).Status, Is.EqualTo(PublishStatus.Outdated));
        Assert.That(_room.Hub.Publish("l.a", new TopicMessage("1") { Key = "y", Version = 1 }).Status, Is.EqualTo(PublishStatus.Published));
    }

    [Test]
    public void Limits_are_answered_and_not_thrown()
    {
        _room = new Room(new TopicHubOptions { MaxTopics = 2, MaxTopicNameBytes = 4, MaxSubscriptionsPerConnection = 1, MaxMessageBytes = 3 });
        Room.Guest guest = _room.Enter(), other = _room.Enter();
        Assert.That(guest.Subscriber.Subscribe("long.name").Status, Is.EqualTo(SubscribeStatus.InvalidTopic));
        Assert.That(guest.Subscriber.Subscribe("a").IsSubscribed, Is.True);
        Assert.That(guest.Subscriber.Subscribe("b").Status, Is.EqualTo(SubscribeStatus.TooManySubscriptions));
        Assert.That(_room.Hub.Publish("a", "1234").Status, Is.EqualTo(PublishStatus.TooLarge));
        Assert.That(other.Subscriber.Subscribe("c").IsSubscribed, Is.True, "the topic that nobody needs gave way");
        Assert.That(_room.Hub.Publish("d", "1").Status, Is.EqualTo(PublishStatus.TooManyTopics));
    }

    [Test]
    public void Kept_bytes_are_bounded_and_topics_without_subscribers_forget_first()
    {
        _room = new Room(new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream), MaxLogBytes = 20_000 });
        Room.Guest guest = _room.Enter();
        guest.Subscriber.Subscribe("wanted");
        TopicPosition start = _room.Hub.PositionOf("wanted");
        for (int i = 0; i < 10; i++)
        {
            _room.Hub.Publish("wanted", new string('w', 500));
        }

        for (int i = 0; i < 100; i++)
        {
            _room.Hub.Publish("idle", new string('i', 500));
        }

        Assert.That(_room.Hub.Metrics.LogBytes, Is.LessThanOrEqualTo(20_000));
        Assert.That(_room.Enter().Subscriber.Subscribe("wanted", start).RecoveredCount, Is.EqualTo(10));
        for (int i = 0; i < 100; i++)
        {
            _room.Hub.Publish("wanted", new string('w', 500));
        }

        Assert.That(_room.Hub.Metrics.LogBytes, Is.LessThanOrEqualTo(20_000), "also when every topic has subscribers");
    }
}
