using Engine.PubSub;

namespace Engine.Backplane.Tests;

/// <summary>What a hub relies on for messages that nobody keeps, whatever the broker.</summary>
[TestFixture("memory")]
[TestFixture("redis")]
[TestFixture("nats")]
[TestFixture("rabbitmq")]
[CancelAfter(120_000)]
internal sealed class LiveContractTests(string name) : BrokerTests(name)
{
    private readonly string _name = name;

    [Test]
    public async Task Message_that_is_not_kept_is_heard_without_a_position()
    {
        (Publisher a, Ear ear) = await JoinAsync();
        string topic = NewTopic();
        await a.Backplane.SubscribeAsync(topic, isKept: false, default);
        BackplaneReceipt receipt = await a.PublishAsync(topic, "now", isKept: false);
        BackplaneMessage heard = await ear.NextAsync();
        Assert.That((heard.Position, TextOf(heard), receipt.Position), Is.EqualTo((default(TopicPosition), "now", default(TopicPosition))));
    }

    [Test]
    public async Task Nobody_hears_topics_that_were_not_asked_for()
    {
        (Publisher a, Ear ear) = await JoinAsync();
        string wanted = NewTopic(), other = NewTopic();
        await a.Backplane.SubscribeAsync(wanted, isKept: false, default);
        await a.Backplane.SubscribeAsync(other, isKept: false, default);
        await a.Backplane.UnsubscribeAsync(other, isKept: false);
        await a.PublishAsync(other, "unheard", isKept: false);
        await a.PublishAsync(NewTopic(), "unheard", isKept: false);
        await a.PublishAsync(wanted, "heard", isKept: false);
        Assert.That(TextOf(await ear.NextAsync()), Is.EqualTo("heard"));
        Assert.That(ear.HasMessages, Is.False);
    }

    [Test]
    public async Task Messages_of_one_publisher_come_in_its_order()
    {
        const int Count = 300;
        (Publisher a, _) = await JoinAsync();
        (Publisher b, _) = await JoinAsync();
        (Publisher c, Ear ear) = await JoinAsync();
        string topic = NewTopic();
        await c.Backplane.SubscribeAsync(topic, isKept: false, default);
        await Task.WhenAll(Enumerable.Range(0, 2 * Count).Select(i => (i % 2 == 0 ? a : b).PublishAsync(topic, $"{(i % 2 == 0 ? "a" : "b")}{i / 2}", isKept: false).AsTask()));
        List<string> heard = [];
        while (heard.Count < 2 * Count)
        {
            heard.Add(TextOf(await ear.NextAsync()));
        }

        foreach (string from in (string[])["a", "b"])
        {
            Assert.That(heard.Where(text => text.StartsWith(from, StringComparison.Ordinal)), Is.EqualTo(Enumerable.Range(0, Count).Select(i => $"{from}{i}")));
        }
    }

    [Test]
    public async Task Name_of_a_topic_is_no_pattern()
    {
        (Publisher a, Ear ear) = await JoinAsync();
        string[] names = ["n.*", "n.#", "#", "*", "n.%2A", new('x', 200), $"{new string('*', 199)}y"];
        foreach (string topic in names)
        {
            await a.Backplane.SubscribeAsync(topic, isKept: false, default);
        }

        await a.PublishAsync("n.other", "unheard", isKept: false);
        foreach (string topic in names)
        {
            await a.PublishAsync(topic, "heard", isKept: false);
            BackplaneMessage heard = await ear.NextAsync();
            Assert.That((heard.Topic, TextOf(heard)), Is.EqualTo((topic, "heard")));
        }
    }

    [Test]
    public async Task Broker_says_whether_it_keeps_history()
    {
        (Publisher a, _) = await JoinAsync();
        Assert.That(a.Backplane.Traits.KeepsHistory, Is.EqualTo(_name != "rabbitmq"));
        if (!a.Backplane.Traits.KeepsHistory)
        {
            Assert.That(async () => await a.Backplane.ReadAfterAsync("room", default, 1, default), Throws.InstanceOf<NotSupportedException>());
            Assert.That(async () => await a.PublishAsync("room", "kept"), Throws.InstanceOf<NotSupportedException>());
            Assert.That(async () => await a.Backplane.SubscribeAsync("room", isKept: true, default), Throws.InstanceOf<NotSupportedException>());
        }
    }
}
