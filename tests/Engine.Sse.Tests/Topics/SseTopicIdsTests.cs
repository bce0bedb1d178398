using System.Text;

namespace Engine.Sse.Tests;

/// <summary>The ids of streams of topics, there and back.</summary>
[Category("Pure")]
public sealed class SseTopicIdsTests
{
    [Test]
    public void Id_is_read_as_it_was_written([Range(1, 5)] int count, [Values] bool isLargest)
    {
        TopicPosition[] positions = [.. Enumerable.Range(0, count).Select(i => isLargest ? new TopicPosition(ulong.MaxValue, ulong.MaxValue) : i == 1 ? default : new TopicPosition((ulong)i + 1, (ulong)i))];
        byte[] line = new byte[SseTopicIds.MaxLineBytes(count)];
        int length = SseTopicIds.WriteLine(line, positions);
        string text = Encoding.ASCII.GetString(line, 0, length);
        Assert.That(text, Does.StartWith("id: ").And.EndsWith("\n"));
        var read = new TopicPosition[count];
        Assert.That(SseTopicIds.TryRead(text.AsSpan(4, length - 5), read), Is.True);
        Assert.That(read, Is.EqualTo(positions));
    }

    [TestCase("")]
    [TestCase("a-1")]
    [TestCase("a-1,b-2,c-3")]
    [TestCase("a-1,b-")]
    [TestCase("a-1, b-2")]
    [TestCase("a-1,b-99999999999999999999")]
    [TestCase("0-1,b-2")]
    public void Id_of_another_kind_is_refused(string id)
        => Assert.That(SseTopicIds.TryRead(id, new TopicPosition[2]), Is.False);
}
