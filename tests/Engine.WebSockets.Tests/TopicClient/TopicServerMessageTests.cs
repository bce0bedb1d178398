namespace Engine.WebSockets.Tests;

/// <summary>What the server writes the client's reader reads; what is broken is null.</summary>
[Category("Pure")]
public sealed class TopicServerMessageTests
{
    private static readonly TopicCommand Command = new() { Id = [0x85, 0x02], Topic = "s" };

    [Test]
    public void Answers_are_read()
    {
        var result = new SubscribeResult(SubscribeStatus.Lost, TopicKind.Latest, new TopicPosition(9, 300), 4, default, 77, 12);
        TopicServerMessage subscribed = Read(BinaryDialect.Instance.Subscribed(Command, result));
        Assert.That((subscribed.Code, subscribed.Id, subscribed.TopicNumber, subscribed.Kind, subscribed.Status), Is.EqualTo((BinaryCode.Subscribed, 261UL, 12UL, TopicKind.Latest, SubscribeStatus.Lost)));
        Assert.That((subscribed.Position, subscribed.RecoveredCount, subscribed.LostCount), Is.EqualTo((new TopicPosition(9, 300), 4, (long?)77)));
        TopicServerMessage published = Read(BinaryDialect.Instance.Published(Command, new PublishResult(PublishStatus.Duplicate, new TopicPosition(9, 1), 0, 0, 0)));
        Assert.That((published.Code, published.Id, published.IsDuplicate, published.Position), Is.EqualTo((BinaryCode.Published, 261UL, true, new TopicPosition(9, 1))));
        TopicServerMessage error = Read(BinaryDialect.Instance.Error(Command.Id, "tooLarge", "later"));
        Assert.That((error.Code, error.Id, error.ErrorCode, error.MayRetry), Is.EqualTo((BinaryCode.Error, 261UL, "tooLarge", true)));
        Assert.That(Read(BinaryDialect.Instance.Pong(Command)).Id, Is.EqualTo(261));
        Assert.That(Read(BinaryDialect.Instance.Advice(TimeSpan.FromSeconds(5))).Within, Is.EqualTo(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public void Gap_is_read()
    {
        TopicServerMessage gap = Read(BinaryDialect.Instance.Gap(new TopicGap("s", new TopicPosition(1, 2), new TopicPosition(3, 4), 5) { TopicNumber = 6 }));
        Assert.That((gap.TopicNumber, gap.Position, gap.To, gap.LostCount), Is.EqualTo((6UL, new TopicPosition(1, 2), new TopicPosition(3, 4), (long?)5)));
    }

    [Test]
    public void Message_is_read_with_each_field()
    {
        TopicServerMessage whole = Read([134, 7, 0x37, 1, 0x80, 2, 9, 1, (byte)'k', 1, (byte)'e', 3, .. "a.b"u8, .. "{}"u8]);
        Assert.That((whole.TopicNumber, whole.Position.Offset, whole.Key, whole.EventType, whole.Topic), Is.EqualTo((7UL, 256UL, "k", "e", "a.b")));
        Assert.That((whole.PayloadKind, whole.Payload, whole.IsState, whole.IsRemoval), Is.EqualTo((PayloadKind.Json, "{}"u8.ToArray(), true, false)));
        Assert.That(Read([134, 7, 8, 2, 1]).IsRemoval, Is.True);
    }

    [TestCase(new byte[] { }, TestName = "Nothing_is_no_message")]
    [TestCase(new byte[] { 131, 1, 0, 9 }, TestName = "A_position_that_is_cut_is_no_message")]
    [TestCase(new byte[] { 134, 1, 1, 0, 1, 9, (byte)'k' }, TestName = "A_text_that_is_cut_is_no_message")]
    public void What_is_broken_is_null(byte[] message) => Assert.That(TopicServerMessage.Read(message), Is.Null);

    [Test]
    public void Message_of_a_later_version_has_a_code_only() => Assert.That((byte)Read([200, 1, 2, 3]).Code, Is.EqualTo(200));

    private static TopicServerMessage Read(byte[] message) => TopicServerMessage.Read(message)!;
}
