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

    [TestCaseSource(nameof(Examples))]
    public void Event_is_written(SseEvent item, string expected) => Assert.That(Format(item), Is.EqualTo(expected));

    [TestCase("a\rb")]
    [TestCase("a\nb")]
    [TestCase("a\0b")]
    public void An_id_that_would_end_its_line_is_refused(string id)
        => Assert.That(() => Format(new SseEvent("x") { Id = id }), Throws.ArgumentException);

    [TestCase("a\rb")]
    [TestCase("a\nb")]
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
