using System.Text;

namespace Engine.WebSockets.Tests;

[Category("Pure")]
public sealed class BinaryDialectTests
{
    [Test]
    public void Each_field_of_a_publication_is_read()
    {
        TopicCommand command = Read([3, 0x85, 0x02, 0x1f, 1, 1, (byte)'t', 1, (byte)'k', 1, (byte)'e', 1, (byte)'i', 0x80, 0x01, .. "{}"u8])!;
        Assert.That((command.Kind, command.Topic, command.HasEcho, command.PayloadKind), Is.EqualTo((TopicCommandKind.Publish, "t", false, PayloadKind.Json)));
        Assert.That((command.Id, Encoding.UTF8.GetString(command.Payload)), Is.EqualTo((new byte[] { 0x85, 0x02 }, "{}")));
        TopicMessage message = command.ToMessage();
        Assert.That((message.Key, message.EventType, message.IdempotencyKey, message.Version), Is.EqualTo(("k", "e", "i", 128L)));
    }

    [Test]
    public void A_position_is_read_and_one_of_no_epoch_is_none_that_ever_was()
    {
        Assert.That(Read([1, 1, 1, (byte)'t', 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 5])!.After, Is.EqualTo(new TopicPosition(ulong.MaxValue, 5)));
        Assert.That(Read([1, 1, 1, (byte)'t', 1, 0, 5])!.After, Is.EqualTo(TopicPosition.Unknown));
        Assert.That(Read([1, 1, 1, (byte)'t', 0])!.After, Is.Null);
        Assert.That(Read([1, 1, 1, (byte)'t', 3, 7, 5, 9])!.LastCount, Is.EqualTo(9));
    }

    [Test]
    public void What_a_later_version_asks_is_a_command_of_no_kind()
        => Assert.That(Read([77, 5, 1, 2, 3])!.Kind, Is.EqualTo(TopicCommandKind.None));

    [TestCase(new byte[] { }, TestName = "Nothing_is_no_command")]
    [TestCase(new byte[] { 4 }, TestName = "A_ping_without_an_id_is_no_command")]
    [TestCase(new byte[] { 4, 1, 1 }, TestName = "A_ping_with_more_is_no_command")]
    [TestCase(new byte[] { 1, 1, 5, (byte)'t' }, TestName = "A_text_that_is_cut_is_no_command")]
    [TestCase(new byte[] { 1, 1, 1, 0xff, 0 }, TestName = "A_text_that_is_no_UTF8_is_no_command")]
    [TestCase(new byte[] { 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 1, (byte)'t' }, TestName = "A_number_of_more_than_64_bits_is_no_command")]
    [TestCase(new byte[] { 3, 1, 0, 3, 1, (byte)'t' }, TestName = "An_unknown_kind_of_payload_is_no_command")]
    [TestCase(new byte[] { 3, 1, 2, 0, 1, (byte)'t', 1, (byte)'\n' }, TestName = "An_event_of_two_lines_is_no_command")]
    [TestCase(new byte[] { 3, 1, 8, 0, 1, (byte)'t', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 }, TestName = "A_version_of_64_bits_is_no_command")]
    public void What_is_no_command_is_null(byte[] message) => Assert.That(Read(message), Is.Null);

    [Test]
    public void Mutated_commands_are_commands_or_null()
    {
        byte[] whole = [3, 12, 0x1f, 1, 3, .. "s.a"u8, 1, (byte)'k', 1, (byte)'e', 1, (byte)'i', 0x80, 0x01, .. "{\"x\":1}"u8];
#pragma warning disable CA5394 // The same on every run.
        var random = new Random(7);
        for (int i = 0; i < 50_000; i++)
        {
            byte[] mutated = [.. whole.AsSpan(0, random.Next(whole.Length + 1))];
            for (int flips = random.Next(4); flips > 0 && mutated.Length > 0; flips--)
            {
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            }

            Assert.That(() => Read(mutated), Throws.Nothing);
        }
#pragma warning restore CA5394
    }

    [Test]
    public void A_gap_of_unknown_size_says_zero_and_a_known_one_says_one_more()
    {
        var gap = new TopicGap("t", new TopicPosition(1, 2), new TopicPosition(1, 200), 5) { TopicNumber = 9 };
        Assert.That(BinaryDialect.Instance.Gap(gap), Is.EqualTo(new byte[] { 135, 9, 1, 2, 1, 200, 1, 6 }));
        Assert.That(BinaryDialect.Instance.Gap(gap with { MissedCount = null }), Is.EqualTo(new byte[] { 135, 9, 1, 2, 1, 200, 1, 0 }));
    }

    private static TopicCommand? Read(byte[] message) => BinaryDialect.Instance.Read(message);
}
