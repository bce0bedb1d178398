namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class TopicOutboxTests
{
    [Test]
    public void Bytes_are_bounded_and_one_message_may_always_wait()
    {
        var outbox = new TopicOutbox(maxMessages: 10, maxBytes: 100);
        TopicOutbox.Entry large = outbox.TryAdd("c", "t", new TopicMessage(new byte[1_000]))!;
        Assert.That(large, Is.Not.Null);
        Assert.That(outbox.TryAdd("c", "t", new TopicMessage(new byte[1])), Is.Null);
        outbox.Remove(large);
        Assert.That(outbox.TryAdd("c", "t", new TopicMessage(new byte[60])), Is.Not.Null);
        Assert.That(outbox.TryAdd("c", "t", new TopicMessage(new byte[60])), Is.Null);
        Assert.That(outbox.TryAdd("c", "t", new TopicMessage(new byte[40])), Is.Not.Null);
    }

    [Test]
    public void A_hundred_are_under_way_and_each_acknowledgement_lets_one_more_out()
    {
        var outbox = new TopicOutbox(maxMessages: 500, maxBytes: 1 << 20);
        TopicOutbox.Entry[] entries = [.. Enumerable.Range(0, 150).Select(_ => outbox.TryAdd("c", "t", new TopicMessage("x"))!)];
        List<byte[]> sent = [];
        object session = new();
        outbox.Flush(session, sent.Add);
        Assert.That(sent, Is.EqualTo(entries.Take(100).Select(static entry => entry.Command)));
        outbox.Remove(entries[30]);
        outbox.Flush(session, sent.Add);
        Assert.That(sent[^1], Is.SameAs(entries[100].Command));
        Assert.That(sent, Has.Count.EqualTo(101));
        sent.Clear();
        outbox.Flush(new object(), sent.Add);
        Assert.That(sent, Has.Count.EqualTo(100), "a new connection is given all of the window");
        Assert.That(sent[0], Is.SameAs(entries[0].Command));
    }

    [Test]
    public void Only_what_was_never_sent_can_be_taken_back()
    {
        var outbox = new TopicOutbox(maxMessages: 500, maxBytes: 1 << 20);
        TopicOutbox.Entry first = outbox.TryAdd("c", "t", new TopicMessage("x"))!;
        outbox.Flush(new object(), static _ => { });
        TopicOutbox.Entry second = outbox.TryAdd("c", "t", new TopicMessage("x"))!;
        Assert.That(outbox.Remove(first, onlyUnsent: true), Is.False);
        Assert.That(outbox.Remove(second, onlyUnsent: true), Is.True);
        Assert.That((outbox.Find(first.Serial), outbox.Find(second.Serial)), Is.EqualTo((first, (TopicOutbox.Entry?)null)));
    }

    [Test]
    public void Messages_that_the_server_takes_later_go_out_again()
    {
        var outbox = new TopicOutbox(maxMessages: 500, maxBytes: 1 << 20);
        TopicOutbox.Entry entry = outbox.TryAdd("c", "t", new TopicMessage("x"))!;
        object session = new();
        outbox.Flush(session, static _ => { });
        outbox.Again(entry);
        List<byte[]> sent = [];
        outbox.Flush(session, sent.Add);
        Assert.That(sent, Has.Count.EqualTo(1));
        Assert.That(outbox.Clear(), Is.EqualTo(new[] { entry }));
        Assert.That(outbox.Count, Is.Zero);
    }
}
