namespace Engine.PubSub.Tests;

[Category("Pure")]
public sealed class TopicPositionTests
{
    [TestCase("1-0", 1ul, 0ul)]
    [TestCase("a3f09c12be07-42", 0xa3f09c12be07ul, 42ul)]
    [TestCase("ffffffffffffffff-18446744073709551615", ulong.MaxValue, ulong.MaxValue)]
    public void Position_comes_back_as_it_was_written(string text, ulong epoch, ulong offset)
    {
        Assert.That(TopicPosition.TryParse(text, out TopicPosition position), Is.True);
        Assert.That(position, Is.EqualTo(new TopicPosition(epoch, offset)));
        Assert.That(position.ToString(), Is.EqualTo(text));
        Span<byte> bytes = stackalloc byte[TopicPosition.MaxTextLength];
        Assert.That(System.Text.Encoding.ASCII.GetString(bytes[..position.Format(bytes)]), Is.EqualTo(text));
    }

    [TestCase("")]
    [TestCase("-")]
    [TestCase("1-")]
    [TestCase("-1")]
    [TestCase("0-1")]
    [TestCase("g-1")]
    [TestCase("1--1")]
    [TestCase("1-1 ")]
    [TestCase("1-+1")]
    [TestCase("11111111111111111-1")]
    [TestCase("1-18446744073709551616")]
    public void Anything_else_is_no_position(string text) => Assert.That(TopicPosition.TryParse(text, out _), Is.False);
}
