using Engine.PubSub;

namespace Engine.Backplane.Tests;

/// <summary>What a hub relies on, whatever the broker that keeps history.</summary>
[TestFixture("memory")]
[TestFixture("redis")]
[TestFixture("nats")]
[CancelAfter(120_000)]
internal sealed class ContractTests(string name) : BrokerTests(name)
{
    [Test]
    public async Task Confirmed_position_is_the_one_that_every_listener_hears()
    {
        (Publisher a, Ear onA) = await JoinAsync();
        (Publisher b, Ear onB) = await JoinAsync();
        string topic = NewTopic();
        await a.Backplane.SubscribeAsync(topic, isKept: true, default);
        await b.Backplane.SubscribeAsync(topic, isKept: true, default);
        BackplaneReceipt receipt = await a.PublishAsync(topic, "hello");
        foreach (Ear ear in (Ear[])[onA, onB])
        {
            BackplaneMessage heard = await ear.NextAsync();
            Assert.That((heard.Topic, heard.Position, TextOf(heard)), Is.EqualTo((topic, receipt.Position, "hello")));
        }
    }

    [Test]
    public async Task Listeners_hear_two_publishers_in_one_order_without_a_hole()
    {
        (Publisher a, Ear onA) = await JoinAsync();
        (Publisher b, Ear onB) = await JoinAsync();
        string topic = NewTopic();
        await a.Backplane.SubscribeAsync(topic, isKept: true, default);
        await b.Backplane.SubscribeAsync(topic, isKept: true, default);
        BackplaneReceipt first = await a.PublishAsync(topic, "first");
        Task<BackplaneReceipt>[] sent = [.. Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? a : b).PublishAsync(topic, $"{i}").AsTask())];
        BackplaneReceipt[] receipts = await Task.WhenAll(sent);
        Dictionary<ulong, string> expected = Enumerable.Range(0, 200).ToDictionary(i => receipts[i].Position.Offset, static i => $"{i}");
        foreach (Ear ear in (Ear[])[onA, onB])
        {
            Assert.That(TextOf(await ear.NextAsync()), Is.EqualTo("first"));
            ulong last = first.Position.Offset;
            for (int i = 0; i < 200; i++)
            {
                BackplaneMessage heard = await ear.NextAsync();
                Assert.That(heard.PreviousOffset, Is.EqualTo(last));
                Assert.That(TextOf(heard), Is.EqualTo(expected[heard.Position.Offset]));
                last = heard.Position.Offset;
            }
        }
    }

    [Test]
    public async Task Nobody_hears_topics_that_were_not_asked_for()
    {
        (Publisher a, Ear ear) = await JoinAsync();
        string wanted = NewTopic(), other = NewTopic();
        await a.Backplane.SubscribeAsync(wanted, isKept: true, default);
        await a.Backplane.SubscribeAsync(other, isKept: true, default);
        await a.Backplane.UnsubscribeAsync(other, isKept: true);
        await a.PublishAsync(other, "unheard");
        await a.PublishAsync(NewTopic(), "unheard");
        await a.PublishAsync(wanted, "heard");
        Assert.That(TextOf(await ear.NextAsync()), Is.EqualTo("heard"));
        Assert.That(ear.HasMessages, Is.False);
    }

    [Test]
    public async Task History_after_a_position_is_everything_that_followed()
    {
        (Publisher a, _) = await JoinAsync();
        string topic = NewTopic();
        BackplaneReceipt first = await a.PublishAsync(topic, "1");
        await a.PublishAsync(NewTopic(), "another topic's");
        await a.PublishAsync(topic, "2");
        BackplaneReceipt last = await a.PublishAsync(topic, "3");
        BackplaneHistory history = await a.Backplane.ReadAfterAsync(topic, first.Position, 100, default);
        Assert.That(history.Epoch, Is.EqualTo(first.Position.Epoch));
        Assert.That(history.Floor, Is.LessThanOrEqualTo(first.Position.Offset), "nothing is lost");
        Assert.That(history.Messages.Select(TextOf), Is.EqualTo((string[])["2", "3"]));
        Assert.That(history.Messages[0].PreviousOffset, Is.EqualTo(first.Position.Offset));
        Assert.That(history.Head, Is.GreaterThanOrEqualTo(last.Position.Offset));
        Assert.That(history.HasMore, Is.False);
        BackplaneHistory rest = await a.Backplane.ReadAfterAsync(topic, last.Position, 100, default);
        Assert.That((rest.Messages.Count, rest.Floor <= last.Position.Offset), Is.EqualTo((0, true)));
    }

    [Test]
    public async Task History_is_read_in_pages_and_the_newest_without_a_position()
    {
        (Publisher a, _) = await JoinAsync();
        string topic = NewTopic();
        BackplaneReceipt first = await a.PublishAsync(topic, "0");
        await Task.WhenAll(Enumerable.Range(1, 25).Select(i => a.PublishAsync(topic, $"{i}").AsTask()));
        List<string> read = [];
        BackplaneHistory page;
        TopicPosition after = first.Position;
        do
        {
            page = await a.Backplane.ReadAfterAsync(topic, after, 10, default);
            Assert.That(page.Messages, Has.Count.LessThanOrEqualTo(10));
            read.AddRange(page.Messages.Select(TextOf));
            after = page.Messages[^1].Position;
        }
        while (page.HasMore);
        Assert.That(read.Order(), Is.EqualTo(Enumerable.Range(1, 25).Select(static i => $"{i}").Order()));
        BackplaneHistory newest = await a.Backplane.ReadAfterAsync(topic, default, 3, default);
        Assert.That(newest.Messages.Select(TextOf), Is.EqualTo(read.TakeLast(3)));
        Assert.That(newest.Floor, Is.EqualTo(newest.Messages[0].PreviousOffset), "whoever stands before them is told");
    }

    [Test]
    public async Task History_that_has_rolled_over_says_what_is_lost()
    {
        (Publisher a, _) = await JoinAsync();
        string topic = NewTopic();
        BackplaneReceipt first = await a.PublishAsync(topic, "first");
        for (int round = 0; round < 4; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, MaxMessages).Select(i => a.PublishAsync(topic, $"{i}").AsTask()));
        }

        BackplaneHistory history = await a.Backplane.ReadAfterAsync(topic, first.Position, 10 * MaxMessages, default);
        Assert.That(history.Floor, Is.GreaterThan(first.Position.Offset));
        Assert.That(history.Messages[0].PreviousOffset, Is.GreaterThanOrEqualTo(history.Floor));
        Assert.That(history.Messages, Has.Count.InRange(MaxMessages, 2 * MaxMessages));
    }

    [Test]
    public async Task Publication_that_is_tried_again_is_there_once()
    {
        (Publisher a, _) = await JoinAsync();
        string topic = NewTopic();
        await a.PublishAsync(topic, "before");
        BackplanePublication publication = a.Make(topic, "once");
        BackplaneReceipt first = await a.Backplane.PublishAsync(publication, default);
        BackplaneReceipt second = await a.Backplane.PublishAsync(publication, default);
        await a.PublishAsync(topic, "after");
        Assert.That(second.Position, Is.EqualTo(first.Position));
        BackplaneHistory history = await a.Backplane.ReadAfterAsync(topic, default, 100, default);
        Assert.That(history.Messages.Select(TextOf), Is.EqualTo((string[])["before", "once", "after"]));
    }

    [Test]
    public async Task Idempotency_key_is_known_to_every_node()
    {
        (Publisher a, _) = await JoinAsync();
        (Publisher b, _) = await JoinAsync();
        string topic = NewTopic();
        BackplaneReceipt first = await a.PublishAsync(topic, "once", key: "the \n key");
        BackplaneReceipt second = await b.PublishAsync(topic, "twice", key: "the \n key");
        Assert.That((second.Position, second.IsDuplicate, first.IsDuplicate), Is.EqualTo((first.Position, true, false)));
        BackplaneReceipt other = await b.PublishAsync(NewTopic(), "another topic's", key: "the \n key");
        Assert.That(other.IsDuplicate, Is.False);
        Assert.That((await b.PublishAsync(topic, "next")).IsDuplicate, Is.False, "what follows a duplicate is none");
    }

    [Test]
    public async Task Broker_that_was_killed_has_what_it_confirmed()
    {
        (Publisher a, Ear ear) = await JoinAsync();
        string topic = NewTopic();
        await a.Backplane.SubscribeAsync(topic, isKept: true, default);
        BackplaneReceipt first = await a.PublishAsync(topic, "0");
        await Task.WhenAll(Enumerable.Range(1, 100).Select(i => a.PublishAsync(topic, $"{i}").AsTask()));
        Broker.Kill();
        await ear.WaitForAsync(BackplaneState.Away);
        Assert.That(async () => await a.PublishAsync(NewTopic(), "refused"), Throws.Exception);
        await Broker.StartAsync();
        await ear.WaitForAsync(BackplaneState.Connected);
        await a.Backplane.SubscribeAsync(topic, isKept: true, default);
        BackplaneHistory history = await a.Backplane.ReadAfterAsync(topic, first.Position, 1_000, default);
        Assert.That(history.Epoch, Is.EqualTo(first.Position.Epoch));
        Assert.That(history.Messages, Has.Count.EqualTo(100));
        BackplaneReceipt next = await a.PublishAsync(topic, "101", follows: true);
        Assert.That(next.Position.Offset, Is.GreaterThan(history.Messages[^1].Position.Offset));
        BackplaneMessage heard;
        do
        {
            heard = await ear.NextAsync();
        }
        while (heard.Position != next.Position);
    }

    [Test]
    public async Task Broker_that_lost_everything_begins_another_life_of_a_topic()
    {
        (Publisher a, Ear ear) = await JoinAsync();
        string topic = NewTopic();
        await a.PublishAsync(topic, "1");
        BackplaneReceipt old = await a.PublishAsync(topic, "2");
        Broker.Kill();
        await ear.WaitForAsync(BackplaneState.Away);
        Broker.Forget();
        await Broker.StartAsync();
        await ear.WaitForAsync(BackplaneState.Connected);
        BackplaneHistory history = await a.Backplane.ReadAfterAsync(topic, old.Position, 100, default);
        Assert.That(history.Epoch, Is.Not.EqualTo(old.Position.Epoch));
        BackplaneReceipt next = await a.PublishAsync(topic, "3", follows: true);
        Assert.That(next.Position.Epoch, Is.EqualTo(history.Epoch));
    }
}
