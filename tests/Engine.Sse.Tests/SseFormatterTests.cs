using System.Net.ServerSentEvents;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Sse.Tests;

/// <summary>The format of WHATWG HTML 9.2, written and read back by the runtime's parser.</summary>
public sealed class SseFormatterTests
{
    private static readonly EventBufferPool Buffers = new();

    private static IEnumerable<TestCaseData> Examples()
    {
        yield return new TestCaseData(new SseEvent("hello"), "data: hello\n\n").SetName("Data is one line");
        yield return new TestCaseData(new SseEvent(""), "data: \n\n").SetName("Empty data is an empty line");
        yield return new TestCaseData(new SseEvent("YHOO\n+2\n10"), "data: YHOO\ndata: +2\ndata: 10\n\n").SetName("The standard's example of three lines");
        yield return new TestCaseData(new SseEvent("a\r\nb\rc\nd"), "data: a\ndata: b\ndata: c\ndata: d\n\n").SetName("Every line end begins another data line");
        yield return new TestCaseData(new SseEvent("a\n"), "data: a\ndata: \n\n").SetName("A line end at the end is kept");
        yield return new TestCaseData(new SseEvent("73857293") { EventType = "add" }, "event: add\ndata: 73857293\n\n").SetName("The standard's example of a named event");
        yield return new TestCaseData(new SseEvent("first event") { Id = "1" }, "id: 1\ndata: first event\n\n").SetName("The standard's example of an id");
        yield return new TestCaseData(new SseEvent("second event") { Id = "" }, "id: \ndata: second event\n\n").SetName("The standard's example of an empty id");
        yield return new TestCaseData(new SseEvent(null) { Comment = "test stream" }, ": test stream\n\n").SetName("The standard's example of a comment");
        yield return new TestCaseData(new SseEvent(null) { Comment = "a\nb" }, ": a\n: b\n\n").SetName("A comment of two lines is two");
        yield return new TestCaseData(new SseEvent("x") { ReconnectionInterval = TimeSpan.FromSeconds(1.5) }, "retry: 1500\ndata: x\n\n").SetName("Retry is in milliseconds");
        yield return new TestCaseData(new SseEvent(null) { Utf8Data = "a\nb"u8.ToArray() }, "data: a\ndata: b\n\n").SetName("Bytes are split as text is");
        yield return new TestCaseData(new SseEvent(" é€😀") { EventType = "ü" }, "event: ü\ndata:  é€😀\n\n").SetName("Text is UTF-8, a leading space is kept");
    }

    /// <summary>The streams of WHATWG HTML §9.2.6, and what the section says that they dispatch: data and the last event id.</summary>
    private static IEnumerable<TestCaseData> StandardStreams()
    {
        yield return new TestCaseData("data: YHOO\ndata: +2\ndata: 10\n\n", new[] { ("YHOO\n+2\n10", "") }).SetName("One event of three lines");
        yield return new TestCaseData(
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
            new[] { ("first event", "1"), ("second event", "") }).SetName("A comment, an id, an id that is cleared, and an event without an end");
        yield return new TestCaseData("data\n\ndata\ndata\n\ndata:", new[] { ("", ""), ("\n", "") }).SetName("Empty data, a single newline, and an event without an end");
        yield return new TestCaseData("data:test\n\ndata: test\n\n", new[] { ("test", ""), ("test", "") }).SetName("The space behind the colon is no data");
        yield return new TestCaseData(
            "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
            new[] { ("73857293", ""), ("2153", ""), ("113411", "") }).SetName("Named events of section 9.2.1");
    }

    [TestCaseSource(nameof(StandardStreams))]
    public void The_standards_streams_are_read_and_what_was_read_is_written_to_be_read_alike(string stream, (string Data, string LastId)[] dispatched)
    {
        (SseItem<string> Item, string LastId)[] first = Read(stream);
        Assert.That(first.Select(static read => (read.Item.Data, read.LastId)), Is.EqualTo(dispatched));
        string written = string.Concat(first.Select(static read => Format(new SseEvent(read.Item.Data)
        {
            Id = read.Item.EventId,
            EventType = read.Item.EventType == "message" ? null : read.Item.EventType,
        })));
        Assert.That(Read(written), Is.EqualTo(first));
    }

    [TestCaseSource(nameof(Examples))]
    public void Event_is_written(SseEvent item, string expected) => Assert.That(Format(item), Is.EqualTo(expected));

    [TestCase("a\rb")]
    [TestCase("a\nb")]
    [TestCase("a\0b")]
    [TestCase("a\fb")]
    [TestCase("a\vb")]
    [TestCase("a\u0001b")]
    [TestCase("a\u001bb")]
    [TestCase("a\u007fb")]
    [TestCase(" a")]
    [TestCase("a ")]
    [TestCase("\ta")]
    [TestCase("a\t")]
    [TestCase(" ")]
    public void An_id_that_could_not_come_back_is_refused(string id)
        => Assert.That(() => Format(new SseEvent("x") { Id = id }), Throws.ArgumentException);

    [Test]
    public void An_id_that_is_no_text_is_refused()
    {
        // No attribute can hold these.
        foreach (string id in new[] { "a\ud800b", "a\ud800", "\udc00\ud800" })
        {
            Assert.That(() => Format(new SseEvent("x") { Id = id }), Throws.ArgumentException);
        }
    }

    [Test]
    public void An_id_may_have_MaxIdBytes_and_not_one_more()
    {
        foreach (string letter in new[] { "x", "é", "€", "😀" })
        {
            int bytes = Encoding.UTF8.GetByteCount(letter);
            string fits = new StringBuilder().Insert(0, letter, SseEvent.MaxIdBytes / bytes).ToString();
            Assert.That(() => Format(new SseEvent("x") { Id = fits }), Throws.Nothing);
            Assert.That(() => Format(new SseEvent("x") { Id = fits + letter }), Throws.ArgumentException);
        }
    }

    [TestCase("a\rb")]
    [TestCase("a\nb")]
    [TestCase("a\0b")]
    public void A_type_that_would_end_its_line_is_refused(string type)
        => Assert.That(() => Format(new SseEvent("x") { EventType = type }), Throws.ArgumentException);

    [Test]
    public void A_negative_retry_is_refused()
        => Assert.That(() => Format(new SseEvent("x") { ReconnectionInterval = TimeSpan.FromSeconds(-1) }), Throws.InstanceOf<ArgumentException>());

    [Test]
    public void What_is_written_is_read_back() => Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>[]>(), items =>
    {
        SseEvent[] sent = [.. items.Select(static (data, index) => new SseEvent(Whole(data.Get)) { Id = $"{index}", EventType = index % 2 == 0 ? "even" : null })];
        byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(sent.Select(static item => Format(item))));
        SseItem<string>[] read = [.. SseParser.Create(new MemoryStream(bytes)).Enumerate()];
        return read.Length == sent.Length && read.Zip(sent).All(static pair =>
            pair.First.Data == pair.Second.Data!.ReplaceLineEndings("\n") && pair.First.EventId == pair.Second.Id && pair.First.EventType == (pair.Second.EventType ?? "message"));
    }).QuickCheckThrowOnFailure();

    [Test]
    public void Every_field_is_read_back() => Prop.ForAll(
        ArbMap.Default.ArbFor<(NonNull<string> Data, NonNull<string> Id, NonNull<string> Type, NonNull<string> Comment, ushort Retry, bool IsBytes)[]>(),
        fields =>
        {
            SseEvent[] sent = [.. fields.Select(static field => new SseEvent(field.IsBytes ? null : Whole(field.Data.Get))
            {
                Utf8Data = field.IsBytes ? Encoding.UTF8.GetBytes("x" + Whole(field.Data.Get)) : default,
                Id = Id(field.Id.Get),
                EventType = Line(field.Type.Get) is { Length: > 0 } type ? type : null,
                Comment = Whole(field.Comment.Get),
                ReconnectionInterval = TimeSpan.FromMilliseconds(field.Retry),
            })];
            SseItem<string>[] read = [.. Read(string.Concat(sent.Select(static item => Format(item)))).Select(static read => read.Item)];
            return read.Length == sent.Length && read.Zip(sent).All(static pair =>
                pair.First.Data == (pair.Second.Data ?? Encoding.UTF8.GetString(pair.Second.Utf8Data.Span)).ReplaceLineEndings("\n")
                && (pair.First.EventId ?? "") == pair.Second.Id
                && pair.First.EventType == (pair.Second.EventType ?? "message")
                && pair.First.ReconnectionInterval == pair.Second.ReconnectionInterval);
        }).QuickCheckThrowOnFailure();

    private static (SseItem<string> Item, string LastId)[] Read(string stream)
    {
        SseParser<string> parser = SseParser.Create(new MemoryStream(Encoding.UTF8.GetBytes(stream)));
        var read = new List<(SseItem<string>, string)>();
        foreach (SseItem<string> item in parser.Enumerate())
        {
            read.Add((item, parser.LastEventId));
        }

        return [.. read];
    }

    /// <summary>Text that may be an id.</summary>
    private static string Id(string text) => string.Concat(Whole(text).Select(static c => char.IsControl(c) ? '.' : c)).Trim(' ');

    /// <summary>Text that may stand in a type.</summary>
    private static string Line(string text) => Whole(text).Replace('\r', ' ').Replace('\n', ' ').Replace('\0', ' ');

    /// <summary>Text that UTF-8 can carry, with no line ends but CR and LF.</summary>
    private static string Whole(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\f', ' ').Replace('\u0085', ' ').Replace('\u2028', ' ').Replace('\u2029', ' ');

    private static string Format(in SseEvent item)
    {
        EventBuffer buffer = Buffers.Format(item);
        string text = Encoding.UTF8.GetString(buffer.Span);
        buffer.Return();
        return text;
    }
}
