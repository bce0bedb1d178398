using System.Text;
using System.Text.Json.Serialization;
using Engine.Http1;

namespace Engine.Sse.Tests;

/// <summary>Sessions and channels as dialogues over the in-memory transport. The client says who it is and what it wants in the request.</summary>
public sealed partial class SseHubTests
{
    private readonly List<Exception> _errors = [];
    private readonly List<string> _told = [];
    private SseHub<string> _hub = null!;
    private MemoryServer _server = null!;

    [TearDown]
    public void Nothing_went_wrong_and_nothing_is_left()
    {
        _hub.Dispose();
        Assert.That(_server.RunUntil(() => _hub.StreamCount == 0, TimeSpan.FromSeconds(10)), Is.True);
        _server.RunUntilIdle();
        Assert.That(_server.Engine.Metrics.RentedSegments, Is.Zero);
        Assert.That(_errors, Is.Empty);
        Assert.That(_hub.SessionCount, Is.Zero);
    }

    [Test]
    public void Events_reach_one_session_some_a_channel_or_all()
    {
        Start();
        HubClient ann = Connect("ann", "red");
        HubClient bob = Connect("bob", "red", "blue");
        HubClient eve = Connect("eve");
        Assert.That(_hub.SendTo("ann", new SseEvent("1")), Is.EqualTo(new SsePublishResult(1, 0, 0)));
        _hub.SendTo(["ann", "eve", "nobody"], new SseEvent("2"));
        _hub.Publish("red", new SseEvent("3"));
        _hub.Publish("blue", new SseEvent("4"));
        _hub.PublishToAll(new SseEvent("5"));
        Assert.That(ann.TakeData(), Is.EqualTo("1 2 3 5"));
        Assert.That(bob.TakeData(), Is.EqualTo("3 4 5"));
        Assert.That(eve.TakeData(), Is.EqualTo("2 5"));
    }

    [Test]
    public void The_ids_of_sessions_are_never_sent()
    {
        Start();
        HubClient ann = Connect("ann-secret", "red");
        _hub.Publish("red", new SseEvent("x"));
        _hub.SendTo("ann-secret", new SseEvent("y"));
        _server.RunUntilIdle();
        Assert.That(ann.Head + ann.Take(), Does.Contain("data: y").And.Not.Contain("secret"));
    }

    [Test]
    public void Tabs_of_a_session_are_told_once_of_its_begin_and_end()
    {
        Start();
        HubClient first = Connect("ann", "red");
        HubClient second = Connect("ann", "blue");
        Assert.That(_hub.SessionCount, Is.EqualTo(1));
        Assert.That(_hub.StreamCount, Is.EqualTo(2));
        Assert.That(_hub.TryGetSession("ann", out SseSession<string>? session) && session.StreamCount == 2 && session.Data == "ANN", Is.True);
        Assert.That(_hub.Publish("blue", new SseEvent("1")), Is.EqualTo(new SsePublishResult(2, 0, 0)));
        Assert.That(first.TakeData(), Is.EqualTo("1"));
        Assert.That(second.TakeData(), Is.EqualTo("1"));
        first.Go(_server, () => _hub.StreamCount == 1);
        Assert.That(_told, Is.EqualTo(new[] { "+ann" }));
        second.Go(_server, () => _hub.StreamCount == 0);
        Assert.That(_told, Is.EqualTo(new[] { "+ann", "-ann" }));
        Assert.That(_hub.TryGetSession("ann", out _), Is.False);
        Assert.That(_hub.Publish("blue", new SseEvent("2")), Is.EqualTo(default(SsePublishResult)));
    }

    [Test]
    public void Membership_comes_and_goes_while_the_stream_is_open()
    {
        Start();
        HubClient ann = Connect("ann");
        Assert.That(_hub.TryJoin("nobody", "red"), Is.False);
        Assert.That(_hub.TryJoin("ann", "red"), Is.True);
        Assert.That(_hub.TryJoin("ann", "red"), Is.True);
        _hub.Publish("red", new SseEvent("1"));
        Assert.That(_hub.Leave("ann", "red"), Is.True);
        Assert.That(_hub.Leave("ann", "red"), Is.False);
        _hub.Publish("red", new SseEvent("2"));
        Assert.That(ann.TakeData(), Is.EqualTo("1"));
    }

    [Test]
    public void A_client_that_comes_back_gets_what_it_missed_of_each_of_its_channels_in_order_once()
    {
        Start();
        HubClient ann = Connect("ann", "red", "blue");
        _hub.Publish("red", new SseEvent("1"));
        string seen = ann.TakeLastId();
        ann.Go(_server, () => _hub.StreamCount == 0);
        for (int i = 2; i < 300; i++)
        {
            _hub.Publish(i % 3 == 0 ? "red" : "blue", new SseEvent($"{i}"));
            _hub.Publish("green", new SseEvent("not hers"));
        }

        _hub.PublishToAll(new SseEvent("300"));
        ann = Connect("ann", seen, ["red", "blue"]);
        _hub.Publish("red", new SseEvent("301"));
        int[] numbers = [.. ann.TakeData().Split(' ').Select(int.Parse)];
        Assert.That(numbers, Is.EquivalentTo(Enumerable.Range(2, 300)), "once");
        Assert.That(numbers.Where(static number => number % 3 == 0 && number < 300), Is.Ordered, "red");
        Assert.That(numbers.Where(static number => number % 3 != 0), Is.Ordered, "blue");
        Assert.That(Connect("new", "red").TakeData(), Is.Empty, "a new client missed nothing");
    }

    [Test]
    public void Events_published_during_a_replay_follow_it_without_a_gap()
    {
        Start();
        HubClient ann = Connect("ann", "red");
        _hub.Publish("red", new SseEvent("0"));
        string seen = ann.TakeLastId();
        ann.Go(_server, () => _hub.StreamCount == 0);
        string padding = new('x', 1000);
        for (int i = 1; i <= 500; i++)
        {
            _hub.Publish("red", new SseEvent($"{i}\n{padding}"));
        }

        // Half a megabyte does not fit the queue: the replay waits for the client, while more is published.
        ann = Connect("ann", seen, ["red"], roomBytes: 5000);
        Assert.That(_hub.Publish("red", new SseEvent($"501\n{padding}")), Is.EqualTo(new SsePublishResult(0, 1, 0)));
        var numbers = new List<string>();
        int next = 502;
        var text = new StringBuilder();
        while (!text.ToString().Contains("data: 520\n", StringComparison.Ordinal))
        {
            ann.Peer.AddRoom(20_000);
            _server.RunUntilIdle();
            text.Append(ann.Take());
            if (next <= 520)
            {
                _hub.Publish("red", new SseEvent($"{next++}\n{padding}"));
            }
        }

        ann.Peer.RoomBytes = int.MaxValue;
        numbers.AddRange(HubClient.Data(text.ToString()).Where(static line => line[0] != 'x'));
        Assert.That(numbers, Is.EqualTo(Enumerable.Range(1, 520).Select(static number => $"{number}")));
    }

    [Test]
    public void A_client_whose_id_has_fallen_out_of_history_is_told_so_and_gets_what_is_left()
    {
        Start(static options =>
        {
            options.Topics.Default.MaxMessages = 3;
            options.GapEventType = "reload";
        });
        HubClient ann = Connect("ann", "red");
        _hub.Publish("red", new SseEvent("1"));
        string seen = ann.TakeLastId();
        ann.Go(_server, () => _hub.StreamCount == 0);
        for (int i = 2; i <= 10; i++)
        {
            _hub.Publish("red", new SseEvent($"{i}"));
        }

        ann = Connect("ann", seen, ["red"]);
        string text = ann.Take();
        TopicPosition first = _hub.Topics.PositionOf("red") with { Offset = 1 };
        string gap = $$"""{"topic":"red","after":"{{first}}","to":"{{first with { Offset = 7 }}}","missed":6}""";
        Assert.That(text, Does.Contain($"event: reload\ndata: {gap}\n\n"));
        Assert.That(HubClient.Data(text), Is.EqualTo(new[] { gap, "8", "9", "10" }));
    }

    [Test]
    public void Events_of_channels_without_history_carry_no_id()
    {
        Start(static options => options.Topics.Add("blue", new TopicOptions(TopicKind.Ephemeral)));
        HubClient ann = Connect("ann", "red", "blue");
        ann.Take();
        _hub.Publish("blue", new SseEvent("b"));
        Assert.That(ann.Take(), Is.EqualTo("9\r\ndata: b\n\n\r\n"));
        _hub.Publish("red", new SseEvent("r"));
        Assert.That(ann.Take(), Does.Contain("id: ").And.Contain("data: r"));
    }

    [Test]
    public void A_ticket_that_is_refused_starts_no_stream()
    {
        Start();
        Assert.That(Connect("401").Head, Does.StartWith("HTTP/1.1 401 "));
        Assert.That(Connect("403").Head, Does.StartWith("HTTP/1.1 403 "));
        Assert.That(_hub.SessionCount, Is.Zero);
    }

    [Test]
    public void Limits_are_answered_with_503()
    {
        Start(static options =>
        {
            options.MaxSessions = 2;
            options.MaxStreamsPerSession = 2;
            options.MaxSessionsPerChannel = 1;
            options.MaxChannelsPerSession = 2;
            options.MaxChannels = 3;
        });
        Assert.That(Connect("ann", "1", "2", "3").Head, Does.StartWith("HTTP/1.1 503 ").And.Contain("Retry-After: 5\r\n"), nameof(SseHubOptions<>.MaxChannelsPerSession));
        Assert.That(Connect("ann", "1").Head, Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Connect("bob", "1").Head, Does.StartWith("HTTP/1.1 503 "), nameof(SseHubOptions<>.MaxSessionsPerChannel));
        Assert.That(_hub.SessionCount, Is.EqualTo(1));
        Assert.That(Connect("ann", "2").Head, Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Connect("ann").Head, Does.StartWith("HTTP/1.1 503 "), nameof(SseHubOptions<>.MaxStreamsPerSession));
        Assert.That(_hub.TryJoin("ann", "3"), Is.False, nameof(SseHubOptions<>.MaxChannelsPerSession));
        Assert.That(Connect("bob", "3", "4").Head, Does.StartWith("HTTP/1.1 503 "), nameof(SseHubOptions<>.MaxChannels));
        HubClient bob = Connect("bob", "3");
        Assert.That(bob.Head, Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Connect("eve").Head, Does.StartWith("HTTP/1.1 503 "), nameof(SseHubOptions<>.MaxSessions));
        bob.Go(_server, () => _hub.SessionCount == 1);
        Assert.That(Connect("eve", "4").Head, Does.StartWith("HTTP/1.1 200 "), "places are given back");
    }

    [Test]
    public void An_event_larger_than_the_queue_is_delivered_when_nothing_else_waits_and_blocks_nobody()
    {
        Start();
        HubClient ann = Connect("ann", "red");
        string large = new('x', 100_000);
        Assert.That(_hub.Publish("red", new SseEvent(large)), Is.EqualTo(new SsePublishResult(1, 0, 0)));
        Assert.That(ann.TakeData(), Is.EqualTo(large));
        _hub.Publish("red", new SseEvent("next"));
        Assert.That(ann.TakeData(), Is.EqualTo("next"));
    }

    [Test]
    public void A_session_can_be_disconnected()
    {
        Start();
        HubClient ann = Connect("ann", "red");
        ann.Take();
        Assert.That(_hub.Disconnect("nobody"), Is.False);
        Assert.That(_hub.Disconnect("ann"), Is.True);
        Assert.That(_server.RunUntil(() => _hub.StreamCount == 0, TimeSpan.FromSeconds(10)), Is.True);
        _server.RunUntilIdle();
        Assert.That(ann.Take(), Is.EqualTo("0\r\n\r\n"));
    }

    [Test]
    public void Typed_events_are_named_by_their_attribute()
    {
        Start();
        HubClient ann = Connect("ann");
        _hub.SendTo("ann", SseEvent.FromJson(new CommentAdded("hi\nthere"), HubJson.Default.CommentAdded));
        Assert.That(ann.Take(), Does.Contain("event: comment-added\ndata: {\"Text\":\"hi\\nthere\"}\n\n"));
    }

    [Test]
    public void What_a_hub_cannot_do_is_refused()
    {
        Start();
        Assert.That(() => _hub.Publish("red", new SseEvent("x") { Id = "1" }), Throws.ArgumentException);
        Assert.That(() => _hub.PublishToAll(new SseEvent("x") { Comment = "c" }), Throws.ArgumentException);
        Assert.That(() => _hub.SendTo("ann", new SseEvent("x") { ReconnectionInterval = TimeSpan.Zero }), Throws.ArgumentException);
        Assert.That(_hub.Publish("@sse.all", new SseEvent("x")).Status, Is.EqualTo(PublishStatus.InvalidTopic), "no channel has the hub's own names");
        Assert.That(Connect("eve", "@sse").Head, Does.StartWith("HTTP/1.1 200 "));
        Assert.That(_hub.TryJoin("eve", "@sse.all"), Is.False);
        Assert.That(Connect("eve", "a\tb").Head, Does.StartWith("HTTP/1.1 400 "), "a name that no topic may have");
        Assert.That(static () => new SseHub<int>(new SseHubOptions<int> { MaxExactChannels = 0 }), Throws.InstanceOf<ArgumentException>());
        Assert.That(static () => new SseHub<int>(new SseHubOptions<int> { MaxChannels = 0 }), Throws.InstanceOf<ArgumentException>());
        Assert.That(static () => new SseHub<int>(new SseHubOptions<int> { GapEventType = "a\nb" }), Throws.ArgumentException);
    }

    private static string[] Numbers(HubClient client) => [.. HubClient.Data(client.Take()).Where(static line => line[0] != 'x')];

    private void Start(Action<SseHubOptions<string>>? configure = null, Action<HttpServer>? map = null)
    {
        _errors.Clear();
        _told.Clear();
        var options = new SseHubOptions<string>
        {
            OnConnected = session => _told.Add("+" + session.Id),
            OnDisconnected = session => _told.Add("-" + session.Id),
        };
        configure?.Invoke(options);
        _hub = new SseHub<string>(options);
        var http = new HttpServer(new HttpServerOptions { OnError = (exception, _) => _errors.Add(exception) });
        http.MapSseHub("/events/{id}", _hub, static context =>
        {
            string id = context.RouteParameters["id"]!;
            if (int.TryParse(id, out int status))
            {
                context.Response.StatusCode = status == 401 ? 401 : 200;
                return ValueTask.FromResult<SseTicket<string>?>(null);
            }

            string[] channels = context.Request.GetQueryValue("channels") is { Length: > 0 } list ? list.Split('.') : [];
            return ValueTask.FromResult<SseTicket<string>?>(new SseTicket<string>(id, id.ToUpperInvariant(), channels));
        });
        map?.Invoke(http);
        _server = new MemoryServer(http.BuildServerOptions(), http.CreateProtocol);
    }

    private HubClient Connect(string id, params string[] channels) => Connect(id, lastId: null, channels);

    private HubClient Connect(string id, string? lastId, string[] channels, int? roomBytes = null)
    {
        MemoryPeer peer = _server.Connect();
        if (roomBytes is { } room)
        {
            peer.RoomBytes = room;
        }

        string last = lastId is null ? "" : $"Last-Event-ID: {lastId}\r\n";
        peer.Send(Encoding.ASCII.GetBytes($"GET /events/{id}?channels={string.Join('.', channels)} HTTP/1.1\r\nHost: a\r\n{last}\r\n"));
        _server.RunUntilIdle();
        return new HubClient(_server, peer);
    }

    [SseEvent("comment-added")]
    internal sealed record CommentAdded(string Text);

    [JsonSerializable(typeof(CommentAdded))]
    private sealed partial class HubJson : JsonSerializerContext;
}
