using Engine.Http1;

namespace Engine.Sse.Tests;

/// <summary>Topics as streams of events: ids that say where each topic stands, and what a client that comes back gets.</summary>
public sealed partial class SseTopicRoutesTests(TransportKind transport) : BothTransports(transport)
{
    private TopicHub _hub = null!;

    [TearDown]
    public async Task Nobody_is_left()
    {
        await StopAsync();
        _hub.Dispose();
    }

    [Test]
    public async Task Published_text_comes_as_an_event_with_its_position(CancellationToken ct)
    {
        await StartHubAsync();
        using TopicReader reader = await OpenAsync("/events?topic=s.a", ct);
        Assert.That(reader.Head, Does.Contain("text/event-stream"));
        TopicPosition first = _hub.Publish("s.a", "one\ntwo").Position;
        _hub.Publish("s.a", [0, 255]);
        _hub.Publish("s.a", new TopicMessage("named") { EventType = "greeting" });
        Assert.That(await reader.ReadAsync(3, ct), Is.EqualTo((SeenEvent[])
        [
            new($"{first}", "message", "one\ntwo"),
            new($"{first with { Offset = 2 }}", "message", "AP8="),
            new($"{first with { Offset = 3 }}", "greeting", "named"),
        ]));
        reader.Dispose();
        await UntilAsync(() => _hub.SubscriberCount("s.a") == 0, ct);
    }

    [Test]
    public async Task Client_that_comes_back_gets_what_it_missed_once([Values] bool byQuery, CancellationToken ct)
    {
        await StartHubAsync();
        string id;
        using (TopicReader reader = await OpenAsync("/events?topic=s.a", ct))
        {
            _hub.Publish("s.a", "1");
            id = (await reader.ReadAsync(ct))!.Value.Id;
        }

        for (int i = 2; i <= 100; i++)
        {
            _hub.Publish("s.a", $"{i}");
        }

        using TopicReader back = byQuery ? await OpenAsync($"/events?topic=s.a&last_event_id={id}", ct) : await OpenAsync("/events?topic=s.a", ct, id);
        _hub.Publish("s.a", "101");
        Assert.That((await back.ReadAsync(100, ct)).Select(static seen => seen.Data), Is.EqualTo(Enumerable.Range(2, 100).Select(static i => $"{i}")));
    }

    [Test]
    public async Task Position_comes_before_the_first_event_so_that_an_early_drop_loses_nothing(CancellationToken ct)
    {
        await StartHubAsync();
        _hub.Publish("s.a", "before");
        string id;
        using (TopicReader reader = await OpenAsync("/events?topic=s.a", ct))
        {
            await reader.UntilIdAsync(static id => id.Length > 0, ct);
            id = reader.LastId;
        }

        Assert.That(id, Is.EqualTo($"{_hub.PositionOf("s.a")}"));
        _hub.Publish("s.a", "missed");
        using TopicReader back = await OpenAsync("/events?topic=s.a", ct, id);
        Assert.That((await back.ReadAsync(ct))!.Value.Data, Is.EqualTo("missed"));
    }

    [Test]
    public async Task Field_of_a_client_that_comes_back_counts_more_than_the_query_of_its_page(CancellationToken ct)
    {
        await StartHubAsync();
        TopicPosition old = _hub.Publish("s.a", "1").Position;
        TopicPosition newer = _hub.Publish("s.a", "2").Position;
        _hub.Publish("s.a", "3");
        using TopicReader reader = await OpenAsync($"/events?topic=s.a&last_event_id={old}", ct, $"{newer}");
        Assert.That((await reader.ReadAsync(ct))!.Value.Data, Is.EqualTo("3"));
    }

    [Test]
    public async Task Loss_is_told_by_an_event_and_what_is_kept_follows([Values] bool isRenamed, CancellationToken ct)
    {
        await StartHubAsync(options => options.GapEventType = isRenamed ? "lost" : options.GapEventType);
        TopicPosition first = _hub.Publish("s.a", "1").Position;
        for (int i = 2; i <= 2_000; i++)
        {
            _hub.Publish("s.a", $"{i}");
        }

        using TopicReader reader = await OpenAsync("/events?topic=s.a", ct, $"{first}");
        List<SeenEvent> events = await reader.ReadAsync(1_001, ct);
        TopicPosition to = first with { Offset = 1_000 };
        Assert.That(events[0] with { Id = "" }, Is.EqualTo(new SeenEvent(
            "", isRenamed ? "lost" : "gap", $$"""{"topic":"s.a","after":"{{first}}","to":"{{to}}","missed":999}""")));
        Assert.That(events[1..].Select(static seen => seen.Data), Is.EqualTo(Enumerable.Range(1_001, 1_000).Select(static i => $"{i}")));
    }

    [TestCase("feed-3", Description = "another process")]
    [TestCase("not an id")]
    [TestCase("a-1,b-2", Description = "a stream of two topics")]
    public async Task Id_that_is_none_of_this_stream_is_told_as_a_loss_and_replays_nothing(string id, CancellationToken ct)
    {
        await StartHubAsync();
        _hub.Publish("s.a", "old");
        using TopicReader reader = await OpenAsync("/events?topic=s.a", ct, id);
        _hub.Publish("s.a", "new");
        List<SeenEvent> events = await reader.ReadAsync(2, ct);
        Assert.That(events.Select(static seen => seen.Type), Is.EqualTo((string[])["gap", "message"]));
        Assert.That(events[1].Data, Is.EqualTo("new"));
    }

    [Test]
    public async Task Several_topics_go_on_where_each_stood(CancellationToken ct)
    {
        await StartHubAsync();
        const string Path = "/events?topic=s.a&topic=s.b&topic=s.c";
        string id = "";
        int published = 0;
        Dictionary<char, int> last = new() { ['a'] = 0, ['b'] = 0, ['c'] = 0 };
        for (int round = 0; round < 20; round++)
        {
            using TopicReader reader = await OpenAsync(Path, ct, id.Length > 0 ? id : null);
            if (round == 0)
            {
                await reader.UntilIdAsync(static id => id.Length > 0, ct);
            }

            for (int i = 0; i < 9; i++)
            {
                char topic = "abbaccbac"[(i + round) % 9];
                published++;
                _hub.Publish($"s.{topic}", $"{topic}{published}");
            }

            // Not all of them: the rest, and what is published while nobody is there, comes in the next round.
            foreach (SeenEvent seen in await reader.ReadAsync(round == 19 ? (20 * 9) - (19 * 5) : 5, ct))
            {
                Assert.That(seen.Type, Is.EqualTo("message"));
                int number = int.Parse(seen.Data[1..]);
                Assert.That(number, Is.GreaterThan(last[seen.Data[0]]), "in order, once");
                last[seen.Data[0]] = number;
                id = seen.Id;
            }
        }

        Assert.That(last.Values.Max(), Is.EqualTo(published));
        Assert.That(id.Split(','), Has.Length.EqualTo(3));
    }

    [Test]
    public async Task Stream_of_many_topics_sends_its_positions_as_a_checkpoint_now_and_then(CancellationToken ct)
    {
        await StartHubAsync(options =>
        {
            options.MaxExactTopics = 2;
            options.CheckpointInterval = TimeSpan.FromMilliseconds(50);
        });
        using TopicReader reader = await OpenAsync("/events?topic=s.a&topic=s.b&topic=s.c", ct);
        await reader.UntilIdAsync(static id => id.Length > 0, ct);
        string start = reader.LastId;
        _hub.Publish("s.a", "1");
        TopicPosition b = _hub.Publish("s.b", "2").Position;
        List<SeenEvent> events = await reader.ReadAsync(2, ct);
        Assert.That(events.Select(static seen => seen.Id), Has.All.EqualTo(start), "no id of its own");
        await reader.UntilIdAsync(id => id != start, ct);
        Assert.That(reader.LastId.Split(',')[1], Is.EqualTo($"{b}"));
        using TopicReader early = await OpenAsync("/events?topic=s.a&topic=s.b&topic=s.c", ct, start);
        Assert.That((await early.ReadAsync(2, ct)).Select(static seen => seen.Data), Is.EquivalentTo((string[])["1", "2"]), "since the checkpoint, again");
    }

    [Test]
    public async Task Slow_reader_loses_nothing_and_holds_no_more_than_its_queue(CancellationToken ct)
    {
        await StartHubAsync(maxOutboundBytes: 16_384);
        using TopicReader slow = await OpenAsync("/events?topic=s.a", ct, receiveBufferBytes: 4096);
        await UntilAsync(() => _hub.SubscriberCount("s.a") == 1, ct);
        const int Count = 900;
        for (int i = 0; i < Count; i++)
        {
            _hub.Publish("s.a", $"{i} {new string('x', 900)}");
        }

        await UntilAsync(() => _hub.Metrics.Behind == 1 || _hub.Metrics.Delivered == Count, ct);
        Assert.That(Server.Engine.Metrics.QueuedBytes, Is.LessThan(20_000));
        List<SeenEvent> events = await slow.ReadAsync(Count, ct);
        Assert.That(events.Select(static seen => seen.Data.Split(' ')[0]), Is.EqualTo(Enumerable.Range(0, Count).Select(static i => $"{i}")));
    }

    [Test]
    public async Task Reader_that_was_overtaken_is_told_while_it_is_connected(CancellationToken ct)
    {
        await StartHubAsync(maxOutboundBytes: 16_384, small: true);
        using TopicReader slow = await OpenAsync("/events?topic=small&topic=s.b", ct, receiveBufferBytes: 4096);
        await UntilAsync(() => _hub.SubscriberCount("small") == 1, ct);
        const int Count = 20_000;
        for (int i = 1; i <= Count; i++)
        {
            _hub.Publish("small", $"{i} {new string('x', 900)}");
        }

        List<int> numbers = [];
        int missed = 0;
        while (numbers.Count == 0 || numbers[^1] < Count)
        {
            SeenEvent seen = (await slow.ReadAsync(ct))!.Value;
            if (seen.Type == "gap")
            {
                missed += System.Text.Json.JsonDocument.Parse(seen.Data).RootElement.GetProperty("missed").GetInt32();
            }
            else
            {
                numbers.Add(int.Parse(seen.Data.Split(' ')[0]));
            }
        }

        Assert.That(missed, Is.Positive);
        Assert.That(numbers, Is.Ordered.And.Unique);
        Assert.That(numbers.Count + missed, Is.EqualTo(Count), "what did not come was told");
    }

    [Test]
    public async Task Message_larger_than_the_queue_comes_whole(CancellationToken ct)
    {
        await StartHubAsync(maxOutboundBytes: 16_384);
        using TopicReader reader = await OpenAsync("/events?topic=s.a&topic=s.b", ct);
        await UntilAsync(() => _hub.SubscriberCount("s.a") == 1, ct);
        string large = new('x', 200_000);
        _hub.Publish("s.a", "1");
        _hub.Publish("s.a", large);
        _hub.Publish("s.a", "3");
        Assert.That((await reader.ReadAsync(3, ct)).Select(static seen => seen.Data), Is.EqualTo((string[])["1", large, "3"]));
    }

    [Test]
    public async Task Latest_topic_sends_the_newest_of_each_key_and_removals(CancellationToken ct)
    {
        await StartHubAsync();
        _hub.Publish("l.a", new TopicMessage("x 1") { Key = "x" });
        _hub.Publish("l.a", new TopicMessage("y 1") { Key = "y" });
        _hub.Publish("l.a", new TopicMessage("x 2") { Key = "x" });
        using TopicReader reader = await OpenAsync("/events?topic=l.a", ct);
        List<SeenEvent> events = await reader.ReadAsync(2, ct);
        Assert.That(events.Select(static seen => seen.Data), Is.EqualTo((string[])["y 1", "x 2"]));
        _hub.Publish("l.a", new TopicMessage(default, PayloadKind.Text) { Key = "y", IsRemoval = true });
        SeenEvent removal = (await reader.ReadAsync(ct))!.Value;
        Assert.That((removal.Type, removal.Data), Is.EqualTo(("removed", "y")));
    }

    [Test]
    public async Task Client_that_leaves_before_the_state_of_a_topic_came_gets_it_when_it_comes_back(CancellationToken ct)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var state = new TaskCompletionSource<TopicMessage>();
        await StartHubAsync(getState: (_, _, _) =>
        {
            asked.TrySetResult();
            return new ValueTask<TopicMessage>(state.Task);
        });
        string id;
        using (TopicReader early = await OpenAsync("/events?topic=state&topic=s.b", ct))
        {
            await asked.Task.WaitAsync(ct);
            await early.UntilIdAsync(static id => id.Length > 0, ct);
            id = early.LastId;
        }

        Assert.That(id, Does.StartWith(","), "no position yet");
        state.SetResult(new TopicMessage("all of it"));
        using TopicReader back = await OpenAsync("/events?topic=state&topic=s.b", ct, id);
        SeenEvent seen = (await back.ReadAsync(ct))!.Value;
        Assert.That((seen.Type, seen.Data), Is.EqualTo(("message", "all of it")));
    }

    [TestCase("/events", 400)]
    [TestCase("/events?topic=", 400)]
    [TestCase("/events?topic=a%0ab", 400)]
    [TestCase("/events?topic=a.*", 400)]
    [TestCase("/events?topic=s.a&topic=secret", 403)]
    public async Task Request_for_what_is_not_to_be_had_is_refused(string path, int status, CancellationToken ct)
    {
        await StartHubAsync(static options => options.AuthorizeAsync = static (_, topic) => new ValueTask<bool>(topic != "secret"));
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(Address(path), HttpCompletionOption.ResponseHeadersRead, ct);
        Assert.That((int)response.StatusCode, Is.EqualTo(status));
        Assert.That(_hub.SubscriberCount("s.a"), Is.Zero);
    }

    [Test]
    public async Task Right_to_a_topic_is_asked_for_again_when_a_client_comes_back(CancellationToken ct)
    {
        bool isAllowed = true;
        await StartHubAsync(options => options.AuthorizeAsync = (_, _) => new ValueTask<bool>(Volatile.Read(ref isAllowed)));
        string id;
        using (TopicReader reader = await OpenAsync("/events?topic=s.a", ct))
        {
            await reader.UntilIdAsync(static id => id.Length > 0, ct);
            id = reader.LastId;
        }

        Volatile.Write(ref isAllowed, false);
        _hub.Publish("s.a", "secret");
        using TopicReader back = await OpenAsync("/events?topic=s.a", ct, id);
        Assert.That(back.Head, Does.Contain("403"));
    }

    [Test]
    public async Task Handlers_on_the_thread_pool_stream_topics_too(CancellationToken ct)
    {
        await StartHubAsync(scheduling: HandlerScheduling.ThreadPool);
        using TopicReader reader = await OpenAsync("/events?topic=s.a&topic=s.b", ct);
        await UntilAsync(() => _hub.SubscriberCount("s.a") == 1, ct);
        _hub.Publish("s.a", "1");
        Assert.That((await reader.ReadAsync(ct))!.Value.Data, Is.EqualTo("1"));
        reader.Dispose();
        await UntilAsync(() => _hub.SubscriberCount("s.a") == 0, ct);
    }

    [Test]
    public async Task Chunked_stream_carries_the_same_events(CancellationToken ct)
    {
        await StartHubAsync();
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(Address("/events?topic=s.a&topic=s.b"), HttpCompletionOption.ResponseHeadersRead, ct);
        Assert.That(response.Headers.TransferEncodingChunked, Is.True);
        _hub.Publish("s.a", "1");
        _hub.Publish("s.b", new string('x', 100_000));
        using Stream body = await response.Content.ReadAsStreamAsync(ct);
        List<string> data = [];
        await foreach (System.Net.ServerSentEvents.SseItem<string> item in System.Net.ServerSentEvents.SseParser.Create(body).EnumerateAsync(ct))
        {
            data.Add(item.Data);
            if (data.Count == 2)
            {
                break;
            }
        }

        Assert.That(data, Is.EqualTo((string[])["1", new string('x', 100_000)]));
    }

    private Task StartHubAsync(
        Action<SseTopicOptions>? configure = null,
        int? maxOutboundBytes = null,
        bool small = false,
        HandlerScheduling scheduling = HandlerScheduling.EventLoop,
        TopicStateProvider? getState = null)
    {
        TopicHubOptions hub = new TopicHubOptions()
            .Add("s.>", new TopicOptions(TopicKind.Stream))
            .Add("l.>", new TopicOptions(TopicKind.Latest))
            .Add("small", new TopicOptions(TopicKind.Stream) { MaxMessages = small ? 50 : 1_000 });
        if (getState is not null)
        {
            hub.Add("state", new TopicOptions(TopicKind.Stream) { GetState = getState });
        }

        _hub = new TopicHub(hub);
        var options = new SseTopicOptions();
        configure?.Invoke(options);
        return StartAsync(server => server.MapSseTopics("/events", _hub, options), scheduling, maxOutboundBytes);
    }

    private Task<TopicReader> OpenAsync(string path, CancellationToken cancellationToken, string? lastId = null, int? receiveBufferBytes = null)
        => TopicReader.OpenAsync(Server.EndPoint, path, cancellationToken, lastId, receiveBufferBytes: receiveBufferBytes);
}
