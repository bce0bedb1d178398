using System.Text;

namespace Engine.Sse.Tests;

/// <summary>Ids that name each position's topic.</summary>
public sealed class SseHubIdsTests
{
    [Test]
    public void Positions_are_written_and_read_back_by_their_tags()
    {
        byte[] line = new byte[SseHubIds.MaxLineBytes(2)];
        var first = new TopicPosition(ulong.MaxValue, ulong.MaxValue);
        var second = new TopicPosition(1, 0);
        int length = SseHubIds.WritePosition(line, 0, SseHubIds.TagOf("red"), first);
        length = SseHubIds.WritePosition(line, length, SseHubIds.TagOf("blue"), second);
        string id = Encoding.ASCII.GetString(line, 4, length - 4);
        Assert.That(Encoding.ASCII.GetString(line, 0, 4), Is.EqualTo("id: "));
        Assert.That(id, Is.EqualTo(SseHubIds.Format([("red", first), ("blue", second)])));
        Assert.That(SseHubIds.Read(id), Is.EquivalentTo(new Dictionary<uint, TopicPosition> { [SseHubIds.TagOf("blue")] = second, [SseHubIds.TagOf("red")] = first }));
        Assert.That(length, Is.LessThan(line.Length));
    }

    [TestCase("")]
    [TestCase("0123abcd-0000000000000001")]
    [TestCase(":1-1")]
    [TestCase("1:")]
    [TestCase("1:0-1")]
    [TestCase("1:1-1,")]
    [TestCase("123456789:1-1")]
    [TestCase("é:1-1")]
    public void Other_text_is_no_id(string id) => Assert.That(SseHubIds.Read(id), Is.Null);
}
