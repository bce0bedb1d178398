namespace Engine.Sse.Tests;

/// <summary>Streams whose events are messages of topics.v1.</summary>
public sealed partial class SseTopicRoutesTests
{
    [Test]
    public async Task Stream_of_the_protocol_tells_by_messages_what_became_of_each_topic(CancellationToken ct)
    {
        await StartHubAsync(static options => options.AuthorizeAsync = static (_, topic) => ValueTask.FromResult(topic != "s.secret"));
        TopicPosition one = _hub.Publish("s.a", "1").Position;
        _hub.Publish("s.a", new TopicMessage("{\n\"two\":2}"u8.ToArray(), PayloadKind.Json) { Key = "k", EventType = "t" });
        for (int i = 1; i <= 3; i++)
        {
            _hub.Publish("s.b", $"{i}");
        }

        TopicPosition b = _hub.PositionOf("s.b");
        using TopicReader reader = await OpenAsync($"/events?protocol=topics.v1&topic=s.a&topic=s.secret&topic=s.*&topic=s.b&last_event_id={one},,,&last=,,,2", ct);
        string two = $"{one with { Offset = 2 }}";
        string[] opening =
        [
            $$"""{"type":"subscribed","topic":"s.a","kind":"stream","status":"recovered","position":"{{two}}","recovered":1}""",
            """{"type":"error","topic":"s.secret","code":"forbidden","retry":"never"}""",
            """{"type":"error","topic":"s.*","code":"invalidTopic","retry":"never"}""",
            $$"""{"type":"subscribed","topic":"s.b","kind":"stream","status":"subscribed","position":"{{b}}","recovered":2}""",
        ];
        Assert.That((await reader.ReadAsync(4, ct)).Select(static seen => seen.Data), Is.EqualTo(opening));
        const string data = """{"two":2}""";
        string second = $"{b with { Offset = 2 }}";
        string[] messages =
        [
            $$"""{"type":"message","topic":"s.a","position":"{{two}}","previous":1,"key":"k","event":"t","data":{{data}}}""",
            $$"""{"type":"message","topic":"s.b","position":"{{second}}","previous":1,"text":"2"}""",
            $$"""{"type":"message","topic":"s.b","position":"{{b}}","previous":2,"text":"3"}""",
        ];
        Assert.That((await reader.ReadAsync(3, ct)).Select(static seen => seen.Data.Replace("\n", "", StringComparison.Ordinal)), Is.EquivalentTo(messages));
    }

    [TestCase("last=1,2")]
    [TestCase("last=x")]
    [TestCase("last=-1")]
    public async Task Counts_that_are_none_of_the_topics_are_400(string query, CancellationToken ct)
    {
        await StartHubAsync();
        using TopicReader reader = await OpenAsync($"/events?topic=s.a&{query}", ct);
        Assert.That(reader.Head, Does.Contain(" 400 "));
    }

    [Test]
    public async Task Reader_of_the_protocol_that_was_overtaken_is_told_by_a_message(CancellationToken ct)
    {
        await StartHubAsync(maxOutboundBytes: 16_384, small: true);
        using TopicReader slow = await OpenAsync("/events?protocol=topics.v1&topic=small", ct, receiveBufferBytes: 4096);
        await UntilAsync(() => _hub.SubscriberCount("small") == 1, ct);
        const int Count = 20_000;
        for (int i = 1; i <= Count; i++)
        {
            _hub.Publish("small", new string('x', 900));
        }

        long missed = 0, seenCount = 0;
        while (seenCount + missed < Count)
        {
            using var message = System.Text.Json.JsonDocument.Parse((await slow.ReadAsync(ct))!.Value.Data);
            string type = message.RootElement.GetProperty("type").GetString()!;
            seenCount += type == "message" ? 1 : 0;
            missed += type == "gap" ? message.RootElement.GetProperty("missed").GetInt64() : 0;
        }

        Assert.That(missed, Is.Positive);
        Assert.That(seenCount + missed, Is.EqualTo(Count), "what did not come was told");
    }
}
