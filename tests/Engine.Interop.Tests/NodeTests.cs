using System.Text.Json;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>npm's ws and eventsource.</summary>
public sealed class NodeTests(string transport) : BothTransports(transport)
{
    private static string Folder => Path.Combine(Repository.Root, "tests", "Engine.Interop.Tests", "node");

    [Test]
    public async Task Ws_gets_every_size_and_plane_back([Values] bool isCompressed)
    {
        JsonElement[] seen = await RunAsync("ws-client.mjs", [Server.Ws, "echo", $"{16 << 20}", .. isCompressed ? (string[])["--deflate"] : []]);
        Assert.That(seen, Has.Length.EqualTo(16));
        Assert.That(seen.All(static one => one.GetProperty("same").GetBoolean()), Is.True);
    }

    [Test]
    public async Task Ws_gets_fragments_back_as_one_message()
        => Assert.That((await RunAsync("ws-client.mjs", [Server.Ws, "fragments", "500"]))[0].GetProperty("same").GetBoolean(), Is.True);

    [Test]
    public async Task Ws_gets_a_flood_back_in_order()
    {
        JsonElement seen = (await RunAsync("ws-client.mjs", [Server.Ws, "flood", "20000"]))[0];
        Assert.That(seen.GetProperty("messages").GetInt32(), Is.EqualTo(20_000));
        Assert.That(seen.GetProperty("inOrder").GetBoolean(), Is.True);
    }

    [Test]
    public async Task Ws_gets_its_pings_answered()
        => Assert.That((await RunAsync("ws-client.mjs", [Server.Ws, "ping"])).All(static one => one.GetProperty("same").GetBoolean()), Is.True);

    [TestCase("1000", "bye", 1000)]
    [TestCase("3001", "own", 3001)]
    [TestCase("none", "", 1005)]
    public async Task Ws_gets_its_close_code_back(string code, string reason, int seen)
        => Assert.That((await RunAsync("ws-client.mjs", [Server.Ws, "close", code, reason]))[0].GetProperty("code").GetInt32(), Is.EqualTo(seen));

    [Test]
    public async Task Eventsource_comes_back_by_itself_where_it_was()
    {
        // The stream ends after three events; the client connects again and goes on behind the last id it saw.
        JsonElement[] seen = await RunAsync("sse-client.mjs", [$"{Server.Http}/sse?count=3&size=2&interval=20", "3"]);
        string?[] ids = [.. seen.Where(static one => one.TryGetProperty("id", out _)).Select(static one => one.GetProperty("id").GetString())];
        Assert.That(ids, Is.EqualTo((string[])["0", "1", "2"]));
    }

    private static async Task<JsonElement[]> RunAsync(string script, string[] arguments)
    {
        (int exitCode, string output, string error) = await ChildProcess.RunAsync("node", [script, .. arguments], TimeSpan.FromSeconds(60), Folder);
        Assert.That(exitCode, Is.Zero, output + error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonSerializer.Deserialize<JsonElement>(line))];
    }
}
