using System.Text;

namespace Engine.Sse.Tests;

/// <summary>What a stream begins with, and streams that a handler began by itself.</summary>
public sealed partial class SseHubTests
{
    [Test]
    public void A_client_that_is_cut_before_its_first_event_misses_nothing()
    {
        Start();
        _hub.Publish("red", new SseEvent("before"));
        HubClient ann = Connect("ann", "red");
        string position = ann.TakeLastId();
        ann.Go(_server, () => _hub.StreamCount == 0);
        _hub.Publish("red", new SseEvent("1"));
        _hub.Publish("red", new SseEvent("2"));
        ann = Connect("ann", position, ["red"]);
        Assert.That(ann.TakeData(), Is.EqualTo("1 2"));
    }

    [Test]
    public void A_hub_that_remembers_nothing_gives_no_ids()
    {
        Start(static options => options.Topics.Default = new TopicOptions(TopicKind.Ephemeral));
        Assert.That(Connect("ann", "red").Take(), Does.Not.Contain("id:"));
    }

    [Test]
    public void A_stream_that_a_POST_began_gets_ids_and_its_client_comes_back_by_GET()
    {
        var release = new TaskCompletionSource();
        Start(map: server => server.MapPost("/ask", async context =>
        {
            SseStream stream = await context.StartSseAsync();
            Assert.That(await _hub.AttachAsync(stream, new SseTicket<string>("bob", "BOB", "answer")), Is.True);
            stream.TrySend(new SseEvent("its own"));
            _hub.Publish("answer", new SseEvent("1"));
            await release.Task;
        }));
        HubClient bob = Ask("POST /ask HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        string text = bob.Take();
        Assert.That(HubClient.Data(text), Is.EqualTo(new[] { "its own", "1" }));
        string seen = text.Split('\n').Last(static line => line.StartsWith("id: ", StringComparison.Ordinal))[4..];
        Assert.That(_hub.TryGetSession("bob", out _), Is.True);
        release.SetResult();
        Assert.That(_server.RunUntil(() => _hub.StreamCount == 0, TimeSpan.FromSeconds(10)), Is.True, "the membership ends with the stream");
        _server.RunUntilIdle();
        Assert.That(bob.Take(), Is.EqualTo("0\r\n\r\n"));
        Assert.That(_told, Is.EqualTo(new[] { "+bob", "-bob" }));
        _hub.Publish("answer", new SseEvent("2"));
        bob = Connect("bob", seen, ["answer"]);
        Assert.That(bob.TakeData(), Is.EqualTo("2"));
    }

    [Test]
    public void A_stream_for_which_the_hub_has_no_place_is_as_it_was()
    {
        Start(
            static options => options.MaxSessions = 1,
            server => server.MapPost("/ask", async context =>
            {
                SseStream stream = context.StartSse();
                Assert.That(await _hub.AttachAsync(stream, new SseTicket<string>("bob", "BOB")), Is.False);
                await stream.SendAsync(new SseEvent("full"));
            }));
        Connect("ann");
        HubClient bob = Ask("POST /ask HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        Assert.That(bob.TakeData(), Is.EqualTo("full"));
        Assert.That(_hub.SessionCount, Is.EqualTo(1));
    }

    [Test]
    public void A_session_whose_attached_stream_is_disconnected_ends_it()
    {
        Start(map: server => server.MapPost("/ask", async context =>
        {
            SseStream stream = context.StartSse();
            await _hub.AttachAsync(stream, new SseTicket<string>("bob", "BOB"));
            await Task.Delay(Timeout.Infinite, stream.Closed);
        }));
        Ask("POST /ask HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        Assert.That(_hub.Disconnect("bob"), Is.True);
        Assert.That(_server.RunUntil(() => _hub.StreamCount == 0, TimeSpan.FromSeconds(10)), Is.True);
    }

    private HubClient Ask(string request)
    {
        MemoryPeer peer = _server.Connect();
        peer.Send(Encoding.ASCII.GetBytes(request));
        _server.RunUntilIdle();
        return new HubClient(_server, peer);
    }
}
