using System.Text;

namespace Engine.WebSockets.Tests;

/// <summary>What the client writes the server's reader reads.</summary>
[Category("Pure")]
public sealed class TopicClientCommandsTests
{
    [Test]
    public void Subscription_is_read_with_its_place()
    {
        TopicCommand whole = Read(TopicClientCommands.Subscribe(301, "s.\u20AC", new TopicPosition(ulong.MaxValue, 5), 7));
        Assert.That((whole.Kind, whole.Topic, whole.After, whole.LastCount), Is.EqualTo((TopicCommandKind.Subscribe, "s.\u20AC", (TopicPosition?)new TopicPosition(ulong.MaxValue, 5), 7)));
        TopicCommand bare = Read(TopicClientCommands.Subscribe(1, "s", null, 0));
        Assert.That((bare.After, bare.LastCount), Is.EqualTo(((TopicPosition?)null, 0)));
        TopicCommand end = Read(TopicClientCommands.Unsubscribe(0, "s"));
        Assert.That((end.Kind, end.Topic, end.Id.Length), Is.EqualTo((TopicCommandKind.Unsubscribe, "s", 0)));
    }

    [Test]
    public void Publication_is_read_with_each_field()
    {
        TopicCommand whole = Read(TopicClientCommands.Publish(2, "s", new TopicMessage("{}"u8.ToArray(), PayloadKind.Json) { Key = "k", EventType = "e", Version = 300 }, "id-2"));
        TopicMessage message = whole.ToMessage();
        Assert.That((whole.Topic, Encoding.UTF8.GetString(whole.Payload), whole.PayloadKind, whole.HasEcho), Is.EqualTo(("s", "{}", PayloadKind.Json, true)));
        Assert.That((message.Key, message.EventType, message.IdempotencyKey, message.Version), Is.EqualTo(("k", "e", "id-2", 300L)));
        TopicCommand bare = Read(TopicClientCommands.Publish(4, "s", new TopicMessage(ReadOnlyMemory<byte>.Empty), "id-4"));
        Assert.That((bare.Key, bare.EventType, bare.Version, bare.PayloadKind, bare.Payload.Length), Is.EqualTo(((string?)null, (string?)null, 0L, PayloadKind.Binary, 0)));
    }

    private static TopicCommand Read(byte[] command) => BinaryDialect.Instance.Read(command)!;
}
