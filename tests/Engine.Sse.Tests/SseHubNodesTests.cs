using Engine.Http1;

namespace Engine.Sse.Tests;

/// <summary>Hubs of two nodes that a broker joins.</summary>
public sealed class SseHubNodesTests(TransportKind transport) : BothTransports(transport)
{
    [Test]
    public async Task Client_goes_on_at_another_node_where_it_stopped_at_the_first(CancellationToken cancellationToken)
    {
        var broker = new InMemoryBroker();
        await using InMemoryBackplane left = broker.Connect();
        await using InMemoryBackplane right = broker.Connect();
        using SseHub<string> first = Create(left);
        using SseHub<string> second = Create(right);
        await StartAsync(server => Map(Map(server, "/1", first), "/2", second));
        string id;
        using (TopicReader reader = await TopicReader.OpenAsync(Server.EndPoint, "/1", cancellationToken))
        {
            second.Publish("news", new SseEvent("1"));
            second.PublishToAll(new SseEvent("2"));
            Assert.That((await reader.ReadAsync(2, cancellationToken)).Select(static seen => seen.Data), Is.EquivalentTo((string[])["1", "2"]));
            id = reader.LastId;
        }

        first.Publish("news", new SseEvent("3"));
        first.PublishToAll(new SseEvent("4"));
        using TopicReader back = await TopicReader.OpenAsync(Server.EndPoint, "/2", cancellationToken, id);
        Assert.That((await back.ReadAsync(2, cancellationToken)).Select(static seen => seen.Data), Is.EquivalentTo((string[])["3", "4"]));
        Assert.That(second.TryJoin("ann", "late"), Is.True);
        await UntilAsync(() => second.Topics.SubscriberCount("late") == 1, cancellationToken);
        first.Publish("late", new SseEvent("5"));
        Assert.That((await back.ReadAsync(cancellationToken))!.Value.Data, Is.EqualTo("5"));
    }

    private static SseHub<string> Create(InMemoryBackplane node)
        => new(new SseHubOptions<string>
        {
            Topics = new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream), Backplane = new BackplaneOptions(node) },
        });

    private static HttpServer Map(HttpServer server, string path, SseHub<string> hub)
        => server.MapSseHub(path, hub, static _ => ValueTask.FromResult<SseTicket<string>?>(new SseTicket<string>("ann", "ANN", "news")));
}
