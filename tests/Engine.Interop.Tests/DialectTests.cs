using System.Text.Json;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>samples/Dialects with the npm clients that it is for: openai, the Model Context Protocol's own, graphql-ws, Yjs by y-websocket, and mqtt in front of mosquitto.</summary>
[TestFixture("sockets")]
[TestFixture("epoll")]
[CancelAfter(120_000)]
public sealed class DialectTests(string transport)
{
    private MosquittoProgram? _broker;
    private ServerProgram? _server;

    private static string Folder => Path.Combine(Repository.Root, "tests", "Engine.Interop.Tests", "node");

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
    public async Task Openai_reads_whole_and_streamed_answers_and_what_it_leaves_ends_at_the_server()
    {
        JsonElement[] seen = await RunAsync("openai-client.mjs", _server!.Http);
        Assert.That(Of(seen, "whole").GetProperty("content").GetString(), Is.EqualTo("hello world"));
        Assert.That(Of(seen, "whole").GetProperty("reason").GetString(), Is.EqualTo("stop"));
        Assert.That(Of(seen, "stream").GetProperty("content").GetString(), Is.EqualTo("one two ünï three "));
        Assert.That(Of(seen, "stream").GetProperty("reason").GetString(), Is.EqualTo("stop"));
        foreach (string how in new[] { "break", "abort" })
        {
            Assert.That(Of(seen, how).GetProperty("running").GetInt32(), Is.Zero, how);
            Assert.That(Of(seen, how).GetProperty("milliseconds").GetInt32(), Is.LessThan(5000), how);
        }

        Assert.That(Of(seen, "error").GetProperty("status").GetInt32(), Is.EqualTo(400));
        Assert.That(Of(seen, "error").GetProperty("message").GetString(), Is.EqualTo("There is no message."));
    }

    [Test]
    public async Task The_client_of_the_Model_Context_Protocol_calls_tools_and_comes_back_for_the_rest_of_a_stream_that_was_cut()
    {
        JsonElement[] seen = await RunAsync("mcp-client.mjs", _server!.Http);
        Assert.That(Of(seen, "connected").GetProperty("hasSession").GetBoolean(), Is.True);
        Assert.That(Of(seen, "tools").GetProperty("names").GetArrayLength(), Is.EqualTo(2));
        Assert.That(Of(seen, "add").GetProperty("text").GetString(), Is.EqualTo("42"));
        foreach (string kind in new[] { "countdown", "cut" })
        {
            Assert.That(Of(seen, kind).GetProperty("text").GetString(), Is.EqualTo("lift-off"), kind);
            Assert.That(Of(seen, kind).GetProperty("progress").Deserialize<int[]>(), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }), kind);
        }

        Assert.That(seen.Select(static one => one.GetProperty("kind").GetString()), Has.None.EqualTo("error"));
    }

    [Test]
    public async Task Graphql_ws_runs_several_operations_and_ends_one_that_does_not_end()
    {
        JsonElement[] seen = await RunAsync("graphql-client.mjs", $"{_server!.Ws}/graphql");
        Assert.That(Of(seen, "query").GetProperty("results")[0].GetProperty("data").GetProperty("hello").GetString(), Is.EqualTo("world"));
        Assert.That(Of(seen, "subscriptions").GetProperty("values").Deserialize<int[][]>(), Is.EqualTo(new[] { new[] { 3, 2, 1 }, [5, 4, 3, 2, 1] }));
        Assert.That(Of(seen, "left").GetProperty("count").GetInt32(), Is.EqualTo(3));
        Assert.That(Of(seen, "errors").GetProperty("messages")[0].GetString(), Is.EqualTo("There is no such field."));
        Assert.That(Of(seen, "closed").GetProperty("wasClean").GetBoolean(), Is.True);
    }

    [Test]
    public async Task Yjs_documents_agree_after_edits_at_once_offline_and_late()
    {
        JsonElement[] seen = await RunAsync("yjs-client.mjs", $"{_server!.Ws}/yjs");
        Assert.That(Of(seen, "late").GetProperty("text").GetString(), Is.EqualTo("hello"));
        foreach (string kind in new[] { "together", "awareness", "offline", "large" })
        {
            Assert.That(Of(seen, kind).GetProperty("same").GetBoolean(), Is.True, kind);
        }
    }

    [Test]
    public async Task Mqtt_reaches_a_broker_through_the_bridge_and_a_client_that_dies_leaves_its_will()
    {
        JsonElement[] seen = await RunAsync("mqtt-client.mjs", $"{_server!.Ws}/mqtt");
        Assert.That(Of(seen, "retained").GetProperty("text").GetString(), Is.EqualTo("kept for those who come late"));
        Assert.That(Of(seen, "messages").GetProperty("inOrder").GetInt32(), Is.EqualTo(1000));
        Assert.That(Of(seen, "large").GetProperty("same").GetBoolean(), Is.True);
        Assert.That(Of(seen, "will").GetProperty("text").GetString(), Is.EqualTo("gone"));
        Assert.That(Of(seen, "text").GetProperty("code").GetInt32(), Is.EqualTo(1003));
        Assert.That(Of(seen, "other").GetProperty("status").GetInt32(), Is.EqualTo(400), "another subprotocol");
    }

    private static JsonElement Of(JsonElement[] seen, string kind)
    {
        Assert.That(seen.Select(static one => one.GetProperty("kind").GetString()), Has.One.EqualTo(kind));
        return seen.Single(one => one.GetProperty("kind").GetString() == kind);
    }

    private static async Task<JsonElement[]> RunAsync(string script, string address)
    {
        (int exitCode, string output, string error) = await ChildProcess.RunAsync("node", [script, address], TimeSpan.FromSeconds(60), Folder);
        Assert.That(exitCode, Is.Zero, output + error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonSerializer.Deserialize<JsonElement>(line))];
    }
}
