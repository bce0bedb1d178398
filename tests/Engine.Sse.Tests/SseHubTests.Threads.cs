using System.Text;
using Engine.Http1;
using Engine.TestKit;

namespace Engine.Sse.Tests;

/// <summary>Publishers on other threads than the members' loop: what they hand over is delivered when the loop runs.</summary>
public sealed partial class SseHubTests
{
    [Test]
    public void Events_of_another_thread_are_on_their_way_and_keep_their_order()
    {
        Start();
        HubClient ann = Connect("ann", "red");
        HubClient bob = Connect("bob", "red");
        var onTheWay = new SsePublishResult(2, 0, 0);
        ForeignThread.Run(() => Assert.That(_hub.Publish("red", new SseEvent("1")), Is.EqualTo(onTheWay)));
        ForeignThread.Run(() => Assert.That(_hub.SendTo(["ann", "bob"], new SseEvent("2")), Is.EqualTo(onTheWay)));
        ForeignThread.Run(() => Assert.That(_hub.PublishToAll(new SseEvent("3")), Is.EqualTo(onTheWay)));
        Assert.That(ann.Peer.Received.Length, Is.Zero, "the loop has not run");
        _hub.Publish("red", new SseEvent("1b"));
        _hub.PublishToAll(new SseEvent("3b"));
        _hub.SendTo(["ann", "bob", "ann"], new SseEvent("2b"));
        string[] data = ann.TakeData().Split(' ');
        Assert.That(data, Is.EquivalentTo((string[])["1", "1b", "2", "2b", "2b", "3", "3b"]));
        Assert.That(data.Where(static item => item[0] == '1'), Is.Ordered);
        Assert.That(data.Where(static item => item[0] == '2'), Is.Ordered);
        Assert.That(data.Where(static item => item[0] == '3'), Is.Ordered);
        Assert.That(bob.TakeData().Split(' '), Is.EquivalentTo((string[])["1", "1b", "2", "2b", "3", "3b"]));
        ForeignThread.Run(() => _hub.Publish("red", new SseEvent("5")));
        Assert.That(ann.TakeData(), Is.EqualTo("5"));
    }

    [Test]
    public void Who_is_a_member_when_an_event_is_published_gets_it_unless_its_stream_has_ended()
    {
        Start(static options => options.Topics.Default = new TopicOptions(TopicKind.Ephemeral));
        HubClient ann = Connect("ann", "red");
        HubClient bob = Connect("bob");
        ForeignThread.Run(() => _hub.Publish("red", new SseEvent("1")));
        _hub.Leave("ann", "red");
        _hub.TryJoin("bob", "red");
        ForeignThread.Run(() => _hub.Publish("red", new SseEvent("2")));
        Assert.That(ann.TakeData(), Is.EqualTo("1"));
        Assert.That(bob.TakeData(), Is.EqualTo("2"));
        _hub.TryJoin("ann", "red");
        ForeignThread.Run(() => _hub.Publish("red", new SseEvent("both")));
        Assert.That(ann.TakeData(), Is.EqualTo("both"));
        Assert.That(bob.TakeData(), Is.EqualTo("both"));
        ann.Peer.CloseSend();
        ForeignThread.Run(() => _hub.PublishToAll(new SseEvent("3")));
        Assert.That(_server.RunUntil(() => _hub.StreamCount == 1, TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(bob.TakeData(), Is.EqualTo("3"));
        Assert.That(_hub.Topics.Metrics.Gaps, Is.Zero);
    }

    [Test]
    public void A_loop_that_is_held_up_costs_events_and_not_memory_and_its_streams_are_told()
    {
        const int Count = 5000;
        Start(static options => options.Topics.Default.MaxMessages = 100);
        HubClient ann = Connect("ann", "red");
        HubClient bob = Connect("bob", "red");
        ForeignThread.Run(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                _hub.Publish("red", new SseEvent($"{i}"));
            }
        });
        foreach (HubClient client in (HubClient[])[ann, bob])
        {
            string[] data = [.. HubClient.Data(client.Take())];
            Assert.That(data[0], Does.Contain("\"missed\":4900"));
            Assert.That(data[1..], Is.EqualTo(Enumerable.Range(4900, 100).Select(static number => $"{number}")));
        }

        ForeignThread.Run(() => _hub.Publish("red", new SseEvent("1")));
        Assert.That(ann.TakeData(), Is.EqualTo("1"));
        Assert.That(bob.TakeData(), Is.EqualTo("1"));
    }

    [Test]
    public void An_event_on_its_way_that_the_replay_has_brought_does_not_come_twice()
    {
        Start(options => options.OnConnected = _ => ForeignThread.Run(() =>
        {
            _hub.Publish("red", new SseEvent("1"));
            _hub.SendTo("ann", new SseEvent("private"));
            _hub.Publish("red", new SseEvent("2"));
        }));
        HubClient ann = Connect("ann", "red");
        Assert.That(ann.TakeData(), Is.EqualTo("1 2 private"));
        ForeignThread.Run(() => _hub.Publish("red", new SseEvent("3")));
        Assert.That(ann.TakeData(), Is.EqualTo("3"));
    }

    [Test]
    public void A_session_that_is_disconnected_before_its_stream_has_begun_ends_when_it_does()
    {
        Start();
        using var hub = new SseHub<string>();
        Task? run = null;
        var http = new HttpServer(new HttpServerOptions());
        http.MapSse("/late", async (stream, ct) =>
        {
            SseMember<string> member = hub.TryAdmit(new SseTicket<string>("ann", "ANN"), stream.Connection)!;
            Assert.That(hub.Disconnect("ann"), Is.True);
            run = hub.RunAsync(stream, member, ct);
            await run;
            hub.Remove(member);
            Assert.That(await hub.BeginAsync(member, lastEventId: null), Is.EqualTo(SubscribeStatus.Closed), "nothing waits for who is gone");
        });
        _server = new MemoryServer(http.BuildServerOptions(), http.CreateProtocol);
        MemoryPeer peer = _server.Connect();
        peer.Send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n"u8);
        Assert.That(_server.RunUntil(() => run is { IsCompletedSuccessfully: true } && hub.StreamCount == 0, TimeSpan.FromSeconds(10)), Is.True);
        _server.RunUntilIdle();
        Assert.That(Encoding.ASCII.GetString(peer.TakeReceived()), Does.EndWith("0\r\n\r\n"));
    }
}
