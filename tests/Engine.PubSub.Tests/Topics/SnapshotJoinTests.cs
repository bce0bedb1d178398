namespace Engine.PubSub.Tests;

/// <summary>Joining by state: nothing between the state and what follows it is missing, and nothing comes twice.</summary>
[CancelAfter(30_000)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SnapshotJoinTests
{
    private readonly List<TaskCompletionSource<TopicMessage>> _asked = [];

    [Test]
    public void The_state_comes_first_and_what_was_published_since_its_position_follows()
    {
        Room room = Make(maxMessages: 5);
        Room.Guest guest = room.Enter();
        room.Hub.Publish("a", "before");
        Assert.That(guest.Subscriber.Subscribe("a").Status, Is.EqualTo(SubscribeStatus.Subscribed));
        room.Hub.Publish("a", "meanwhile");
        Assert.That(guest.Lines(), Is.Empty, "nothing comes before the state");
        Answer(room, "state");
        Assert.That(guest.Lines(), Is.EqualTo((string[])["S|a|1|1||state", "M|a|2|1||meanwhile"]));
        room.Hub.Publish("a", "after");
        Assert.That(guest.Lines(), Is.EqualTo((string[])["M|a|3|2||after"]));
        room.Close();
    }

    [Test]
    public void A_state_that_the_topic_has_overtaken_is_asked_for_again()
    {
        Room room = Make(maxMessages: 2);
        Room.Guest guest = room.Enter();
        guest.Subscriber.Subscribe("a");
        for (int i = 1; i <= 5; i++)
        {
            room.Hub.Publish("a", $"{i}");
        }

        room.Run();
        Answer(room, "too old");
        Assert.That(guest.Lines(), Is.Empty);
        Assert.That(_asked, Has.Count.EqualTo(2));
        Answer(room, "new");
        Assert.That(guest.Lines(), Is.EqualTo((string[])["S|a|5|5||new"]));
        room.Close();
    }

    [Test]
    public void A_provider_that_fails_leaves_a_subscription_that_goes_on()
    {
        Room room = Make(maxMessages: 5);
        Room.Guest guest = room.Enter();
        guest.Subscriber.Subscribe("a");
        _asked[^1].SetException(new InvalidOperationException("no state"));
        Settle(room, () => room.Errors.Count == 1);
        room.Hub.Publish("a", "x");
        Assert.That(guest.Lines(), Is.EqualTo((string[])["M|a|1|0||x"]));
        room.Errors.Clear();
        room.Close();
    }

    private Room Make(int maxMessages) => new(new TopicHubOptions
    {
        Default = new TopicOptions(TopicKind.Stream)
        {
            MaxMessages = maxMessages,
            GetState = async (_, _, _) =>
            {
                var answer = new TaskCompletionSource<TopicMessage>();
                _asked.Add(answer);
                return await answer.Task;
            },
        },
    });

    private void Answer(Room room, string state)
    {
        int asked = _asked.Count;
        _asked[^1].SetResult(new TopicMessage(state));
        Settle(room, () => _asked.Count > asked || room.Errors.Count > 0);
    }

    /// <summary>Continuations come back over the loop, some by way of the pool.</summary>
    private static void Settle(Room room, Func<bool> isSettled)
    {
        for (int i = 0; i < 200 && !isSettled(); i++)
        {
            room.Run();
            Thread.Yield();
        }

        room.Run();
    }
}
