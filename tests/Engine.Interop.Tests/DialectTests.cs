using System.Text.Json;

namespace Engine.Interop.Tests;

/// <summary>samples/Dialects with the npm clients that it is for: graphql-ws, Yjs by y-websocket, and mqtt in front of mosquitto.</summary>
[TestFixture("sockets")]
[TestFixture("epoll")]
[CancelAfter(120_000)]
public sealed class DialectTests(string transport)
{
    private MosquittoProgram? _broker;
    private ServerProgram? _server;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _broker = await MosquittoProgram.StartAsync();
        _server = await ServerProgram.StartDialectsAsync(transport, _broker.Address);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_server is not null)
        {
            await _server.StopAsync();
        }

        if (_broker is not null)
        {
            await _broker.DisposeAsync();
        }
    }

    [Test]
    public async Task Graphql_ws_runs_several_operations_and_ends_one_that_does_not_end()
    {
        JsonElement[] seen = await NodeScript.RunAsync("graphql-client.mjs", $"{_server!.Ws}/graphql");
        Assert.That(NodeScript.Of(seen, "query").GetProperty("results")[0].GetProperty("data").GetProperty("hello").GetString(), Is.EqualTo("world"));
        Assert.That(NodeScript.Of(seen, "subscriptions").GetProperty("values").Deserialize<int[][]>(), Is.EqualTo(new[] { new[] { 3, 2, 1 }, [5, 4, 3, 2, 1] }));
        Assert.That(NodeScript.Of(seen, "left").GetProperty("count").GetInt32(), Is.EqualTo(3));
        Assert.That(NodeScript.Of(seen, "errors").GetProperty("messages")[0].GetString(), Is.EqualTo("There is no such field."));
        Assert.That(NodeScript.Of(seen, "closed").GetProperty("wasClean").GetBoolean(), Is.True);
    }

    [Test]
    public async Task Yjs_documents_agree_after_edits_at_once_offline_and_late()
    {
        JsonElement[] seen = await NodeScript.RunAsync("yjs-client.mjs", $"{_server!.Ws}/yjs");
        Assert.That(NodeScript.Of(seen, "late").GetProperty("text").GetString(), Is.EqualTo("hello"));
        foreach (string kind in new[] { "together", "awareness", "offline", "large" })
        {
            Assert.That(NodeScript.Of(seen, kind).GetProperty("same").GetBoolean(), Is.True, kind);
        }
    }

    [Test]
    public async Task Mqtt_reaches_a_broker_through_the_bridge_and_a_client_that_dies_leaves_its_will()
    {
        JsonElement[] seen = await NodeScript.RunAsync("mqtt-client.mjs", $"{_server!.Ws}/mqtt");
        Assert.That(NodeScript.Of(seen, "retained").GetProperty("text").GetString(), Is.EqualTo("kept for those who come late"));
        Assert.That(NodeScript.Of(seen, "messages").GetProperty("inOrder").GetInt32(), Is.EqualTo(1000));
        Assert.That(NodeScript.Of(seen, "large").GetProperty("same").GetBoolean(), Is.True);
        Assert.That(NodeScript.Of(seen, "will").GetProperty("text").GetString(), Is.EqualTo("gone"));
        Assert.That(NodeScript.Of(seen, "text").GetProperty("code").GetInt32(), Is.EqualTo(1003));
        Assert.That(NodeScript.Of(seen, "other").GetProperty("status").GetInt32(), Is.EqualTo(400), "another subprotocol");
    }
}
