namespace Engine.PubSub.Tests;

/// <summary>Subscriptions that begin with the last messages.</summary>
public sealed partial class TopicHubTests
{
    [TestCase("s.a", 3, 3, "567", Description = "the last three of five that are kept")]
    [TestCase("s.a", 100, 5, "34567", Description = "no more than is kept")]
    [TestCase("l.a", 3, 0, "7", Description = "a latest topic begins with its state")]
    [TestCase("e", 3, 0, "", Description = "an ephemeral topic has no past")]
    public void Subscriber_without_a_usable_position_may_begin_with_the_last_messages(string topic, int lastCount, int recovered, string seen)
    {
        _room = new Room(Room.Kinds());
        for (int i = 1; i <= 7; i++)
        {
            _room.Hub.Publish(topic, Room.Keyed("k", $"{i}"));
        }

        Room.Guest guest = _room.Enter(), returned = _room.Enter();
        SubscribeResult result = guest.Subscriber.Subscribe(topic, lastCount: lastCount);
        Assert.That(result, Is.EqualTo(result with { Status = SubscribeStatus.Subscribed, RecoveredCount = recovered }));
        SubscribeResult other = returned.Subscriber.Subscribe(topic, new TopicPosition(7, 3), lastCount);
        Assert.That(other.Status, Is.EqualTo(SubscribeStatus.Lost));
        Assert.That(guest.Lines().Select(static line => line[^1]), Is.EqualTo(seen));
        Assert.That(returned.Lines().Select(static line => line[^1]), Is.EqualTo(seen));
    }

    [Test]
    public void Subscriber_with_a_position_of_now_gets_what_follows_it_and_not_the_last_messages()
    {
        _room = new Room(Room.Kinds());
        Room.Guest guest = _room.Enter();
        TopicPosition one = _room.Hub.Publish("s.a", "1").Position;
        _room.Hub.Publish("s.a", "2");
        Assert.That(guest.Subscriber.Subscribe("s.a", one, lastCount: 5).Status, Is.EqualTo(SubscribeStatus.Recovered));
        Assert.That(guest.Lines().Select(static line => line[^1]), Is.EqualTo("2"));
    }
}
