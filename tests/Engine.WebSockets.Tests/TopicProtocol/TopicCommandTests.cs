using System.Text;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class TopicCommandTests
{
    [Test]
    public void Each_member_is_read_and_unknown_ones_are_skipped()
    {
        TopicCommand command = Read("""
            {"new":{"type":"x"},"type":"publish","id":"a-1","topic":"t","data":{"a":[1,2]},"key":"k","event":"e","idempotencyKey":"i","version":7,"echo":false,"after":"2a-5"}
            """)!;
        Assert.That((command.Kind, Encoding.UTF8.GetString(command.Id), command.Topic, command.After), Is.EqualTo((TopicCommandKind.Publish, "\"a-1\"", "t", (TopicPosition?)new TopicPosition(0x2a, 5))));
        Assert.That((Encoding.UTF8.GetString(command.Payload), command.PayloadKind, command.HasEcho), Is.EqualTo(("{\"a\":[1,2]}", PayloadKind.Json, false)));
        TopicMessage message = command.ToMessage();
        Assert.That((message.Key, message.EventType, message.IdempotencyKey, message.Version), Is.EqualTo(("k", "e", "i", 7L)));
    }

    [TestCase("{\"type\":\"publish\",\"text\":\"h\\u00e9\"}", PayloadKind.Text, "hé")]
    [TestCase("{\"type\":\"publish\",\"data\":null}", PayloadKind.Json, "null")]
    [TestCase("{\"type\":\"publish\",\"base64\":\"aGk=\"}", PayloadKind.Binary, "hi")]
    public void A_payload_has_one_of_three_forms(string json, PayloadKind kind, string payload)
    {
        TopicCommand command = Read(json)!;
        Assert.That((command.HasPayload, command.PayloadKind, Encoding.UTF8.GetString(command.Payload)), Is.EqualTo((true, kind, payload)));
    }

    [Test]
    public void A_position_that_cannot_be_read_is_none_that_ever_was()
        => Assert.That(Read("{\"type\":\"subscribe\",\"after\":\"what\"}")!.After, Is.EqualTo(TopicPosition.Unknown));

    [TestCase("")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{}{}")]
    [TestCase("{\"type\":\"ping\"} x")]
    [TestCase("{\"type\":5}")]
    [TestCase("{\"id\":{}}")]
    [TestCase("{\"id\":true}")]
    [TestCase("{\"topic\":1}")]
    [TestCase("{\"text\":\"a\",\"base64\":\"aGk=\"}")]
    [TestCase("{\"base64\":\"?\"}")]
    [TestCase("{\"event\":\"a\\nb\"}")]
    [TestCase("{\"version\":-1}")]
    [TestCase("{\"version\":1.5}")]
    [TestCase("{\"text\":\"\\ud800\"}")]
    [TestCase("{\"data\":{\"a\":}}")]
    public void What_is_no_command_is_null(string json) => Assert.That(Read(json), Is.Null);

    [Test]
    public void Mutated_commands_are_commands_or_null()
    {
        byte[] whole = Encoding.UTF8.GetBytes("{\"type\":\"publish\",\"id\":12,\"topic\":\"s.a\",\"data\":{\"x\":[1,\"\\u00e9\",null]},\"key\":\"k\",\"version\":3,\"echo\":true,\"after\":\"a-1\"}");
#pragma warning disable CA5394 // The same on every run.
        var random = new Random(7);
        for (int i = 0; i < 50_000; i++)
        {
            byte[] mutated = [.. whole.AsSpan(0, random.Next(whole.Length + 1))];
            for (int flips = random.Next(4); flips > 0 && mutated.Length > 0; flips--)
            {
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            }

            Assert.That(() => TopicCommand.Read(mutated), Throws.Nothing);
        }
#pragma warning restore CA5394
    }

    private static TopicCommand? Read(string json) => TopicCommand.Read(Encoding.UTF8.GetBytes(json));
}
