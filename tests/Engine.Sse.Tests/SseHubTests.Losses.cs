namespace Engine.Sse.Tests;

/// <summary>Nothing that a channel remembers is lost without the client being told, with the options as they are.</summary>
public sealed partial class SseHubTests
{
    [Test]
    public void Slow_reader_whose_id_has_gone_on_has_no_hole_behind_it()
    {
        Start();
        HubClient slow = Connect("slow", "red");
        slow.Peer.RoomBytes = 0;
        string padding = new('x', 1000);
        for (int i = 0; i < 200; i++)
        {
            _hub.Publish("red", new SseEvent($"{i}\n{padding}"));
            _server.RunUntilIdle();
        }

        slow.Peer.RoomBytes = int.MaxValue;
        slow.Peer.AddRoom(0);
        _server.RunUntilIdle();
        _hub.Publish("red", new SseEvent("200"));
        string text = slow.Take();
        string seen = text.Split('\n').Last(static line => line.StartsWith("id: ", StringComparison.Ordinal))[4..];
        slow.Go(_server, () => _hub.StreamCount == 0);
        text += Connect("slow", seen, ["red"]).Take();
        Assert.That(HubClient.Data(text).Where(static line => line[0] != 'x'), Is.EqualTo(Enumerable.Range(0, 201).Select(static number => $"{number}")));
    }

    [Test]
    public void Client_whose_history_is_lost_is_told_without_being_asked()
    {
        Start();
        HubClient ann = Connect("ann", "red");
        _hub.Publish("red", new SseEvent("1"));
        string seen = ann.TakeLastId();
        ann.Go(_server, () => _hub.StreamCount == 0);
        for (int i = 2; i <= 1_100; i++)
        {
            _hub.Publish("red", new SseEvent($"{i}"));
        }

        string text = Connect("ann", seen, ["red"]).Take();
        Assert.That(text, Does.Contain("event: gap\n"));
        Assert.That(HubClient.Data(text).Skip(1), Is.EqualTo(Enumerable.Range(101, 1_000).Select(static number => $"{number}")));
    }

    [TestCase("0123abcd-0000000000000001")]
    [TestCase("nonsense")]
    public void Id_of_another_process_is_told_as_a_loss_and_replays_nothing(string id)
    {
        Start();
        _hub.Publish("red", new SseEvent("old"));
        HubClient ann = Connect("ann", id, ["red"]);
        _hub.Publish("red", new SseEvent("new"));
        string text = ann.Take();
        Assert.That(text, Does.Contain("event: gap\n"));
        Assert.That(HubClient.Data(text).Skip(1), Is.EqualTo((string[])["new"]));
    }

    [Test]
    public void Page_that_is_rendered_with_an_id_misses_nothing_before_it_connects()
    {
        Start();
        string id = _hub.TakeId("red", "blue");
        _hub.Publish("red", new SseEvent("1"));
        _hub.Publish("blue", new SseEvent("2"));
        _hub.PublishToAll(new SseEvent("3"));
        HubClient page = Ask($"GET /events/ann?channels=red.blue&last_event_id={Uri.EscapeDataString(id)} HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.That(page.TakeData(), Is.EqualTo("1 2 3"));
    }

    [Test]
    public void Channel_that_a_session_joins_late_is_in_its_id_before_its_first_event()
    {
        Start();
        HubClient ann = Connect("ann", "red");
        ann.Take();
        _hub.TryJoin("ann", "blue");
        string seen = ann.TakeLastId();
        ann.Go(_server, () => _hub.StreamCount == 0);
        _hub.Publish("blue", new SseEvent("missed"));
        Assert.That(Connect("ann", seen, ["red", "blue"]).TakeData(), Is.EqualTo("missed"));
    }

    [Test]
    public void First_event_to_all_reaches_who_was_cut_before_it_and_came_with_an_older_id()
    {
        Start();
        HubClient ann = Connect("ann", "red");
        string seen = ann.TakeLastId();
        ann.Go(_server, () => _hub.StreamCount == 0);
        _hub.PublishToAll(new SseEvent("to all"));
        Assert.That(Connect("ann", seen, ["red"]).TakeData(), Is.EqualTo("to all"));
    }

    [Test]
    public void Stream_of_many_channels_sends_its_positions_as_a_checkpoint_and_not_with_each_event()
    {
        Start(static options =>
        {
            options.MaxExactChannels = 2;
            options.CheckpointInterval = TimeSpan.FromMilliseconds(20);
        });
        HubClient ann = Connect("ann", "red", "blue", "green");
        ann.Take();
        _hub.Publish("red", new SseEvent("1"));
        _hub.Publish("green", new SseEvent("2"));
        string text = ann.Take();
        Assert.That(text, Does.Contain("data: 1").And.Contain("data: 2").And.Not.Contain("id: "));
        _server.Advance(TimeSpan.FromMilliseconds(200));
        string seen = ann.TakeLastId();
        Assert.That(seen.Split(','), Has.Length.EqualTo(3));
        ann.Go(_server, () => _hub.StreamCount == 0);
        _hub.Publish("green", new SseEvent("3"));
        Assert.That(Connect("ann", seen, ["green", "red", "blue"]).TakeData(), Is.EqualTo("3"));
    }

    [Test]
    public void WebSockets_and_streams_hear_one_another_by_the_same_topics()
    {
        Start();
        HubClient ann = Connect("ann", "red");
        _hub.Topics.Publish("red", new TopicMessage("from elsewhere") { EventType = "news" });
        Assert.That(ann.Take(), Does.Contain("event: news\ndata: from elsewhere\n"));
    }
}
