using System.Text;
using Engine.TestKit;

namespace Engine.Sse.Tests;

/// <summary>The format of WHATWG HTML §9.2.6, each text cut at every place.</summary>
[Category("Pure")]
public sealed class EventStreamParserTests
{
    private static readonly EventBufferPool Buffers = new();

    [TestCase("data: one\n\n", "message|one|")]
    [TestCase("data:one\r\ndata: two\r\n\r\n", "message|one\ntwo|")]
    [TestCase("data: one\r\rdata: two\r\r", "message|one|", "message|two|")]
    [TestCase("data\n\ndata\ndata\n\ndata:\n\n", "message||", "message|\n|", "message||")]
    [TestCase("data:  two spaces\n\n", "message| two spaces|")]
    [TestCase("event: named\nid: 7\ndata: x\n\ndata: y\n\n", "named|x|7", "message|y|")]
    [TestCase("event: nothing\n\ndata: x\n\n", "message|x|")]
    [TestCase("event: a\nevent\ndata: x\n\n", "message|x|")]
    [TestCase(": comment\n:\ndata: x\n: another\n\n", "message|x|")]
    [TestCase("foo: x\ndata x\nDATA: x\n data: x\ndata: y\n\n", "message|y|")]
    [TestCase("\uFEFFdata: after a byte order mark\n\n\uFEFFdata: not a field\n\n", "message|after a byte order mark|")]
    [TestCase("data: \u00e9\u20ac\U0001f600\n\n", "message|\u00e9\u20ac\U0001f600|")]
    [TestCase("data: the last without an empty line\n")]
    public void Events_are_read_as_the_standard_says(string text, params string[] expected)
        => Assert.That(EverySplitOf(text), Is.All.EqualTo(expected));

    [TestCase("id: 1\ndata: one\n\nid: 2\ndata: cut", "1")]
    [TestCase("id: 1\ndata: one\n\nid: 2\n", "1")]
    [TestCase("id: 7\n\n", "7")]
    [TestCase("id: 7\n\nid\n\n", "")]
    [TestCase("id: 7\n\nid: a\0b\ndata: x\n\n", "7")]
    [TestCase("id: \u00e9\u20ac\ndata: x\n\n", "\u00e9\u20ac")]
    [TestCase("data: x\n\n", "before")]
    public void The_id_counts_when_its_event_is_complete(string text, string expected)
    {
        using var parser = new EventStreamParser(Buffers, 1000, "before");
        ReadAll(parser, Encoding.UTF8.GetBytes(text));
        Assert.That(parser.LastEventId, Is.EqualTo(expected));
    }

    [TestCase("retry: 250\n", 250)]
    [TestCase("retry: 0\n", 0)]
    [TestCase("retry:\n", null)]
    [TestCase("retry: 1x\nretry: -1\nretry: 1.5\n", null)]
    [TestCase("retry: 99999999999999999999\n", int.MaxValue)]
    public void Retry_takes_digits_only_and_counts_at_once(string text, int? expected)
    {
        using var parser = new EventStreamParser(Buffers, 1000, "");
        ReadAll(parser, Encoding.UTF8.GetBytes(text));
        Assert.That(parser.ReconnectionInterval?.TotalMilliseconds, Is.EqualTo(expected));
    }

    [Test]
    public void An_event_may_fill_the_limit_exactly_and_comments_do_not_count()
    {
        // "data: " and nine bytes stand in the line when the limit is looked at.
        byte[] fits = Encoding.UTF8.GetBytes($":{new string('c', 5000)}\ndata: 123456789\n\n");
        using var exact = new EventStreamParser(Buffers, 15, "");
        Assert.That(ReadAll(exact, fits), Has.Count.EqualTo(1));
        using var less = new EventStreamParser(Buffers, 14, "");
        ReadOnlySpan<byte> left = fits;
        Assert.That(less.Read(ref left), Is.EqualTo(EventStreamStatus.TooLarge));
        using var many = new EventStreamParser(Buffers, 14, "");
        left = "data: 12\ndata: 34\ndata: 56\ndata: 78\n\n"u8;
        Assert.That(many.Read(ref left), Is.EqualTo(EventStreamStatus.TooLarge), "lines add up");
    }

    private static List<string> ReadAll(EventStreamParser parser, ReadOnlySpan<byte> bytes)
    {
        var seen = new List<string>();
        while (parser.Read(ref bytes) == EventStreamStatus.Event)
        {
            seen.Add($"{parser.EventType}|{Encoding.UTF8.GetString(parser.Data)}|{parser.EventId}");
        }

        return seen;
    }

    private static IEnumerable<List<string>> EverySplitOf(string text)
    {
        foreach ((_, byte[][] pieces) in EverySplit.Cuts(Encoding.UTF8.GetBytes(text)))
        {
            using var parser = new EventStreamParser(Buffers, 1000, "");
            yield return [.. pieces.SelectMany(piece => ReadAll(parser, piece))];
        }
    }
}
