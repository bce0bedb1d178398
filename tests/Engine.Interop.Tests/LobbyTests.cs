using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>The lobby: players over WebSockets by its contract, watchers of its event stream, and its end.</summary>
[Category("Interop")]
[CancelAfter(120_000)]
public sealed class LobbyTests
{
    private ChildProcess? _lobby;
    private IPEndPoint _endPoint = null!;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        string program = Path.Combine(Repository.Root, "samples", "Lobby", "bin", Repository.Configuration, "net10.0", "Lobby.dll");

        // A shell that runs the tests in its background has SIGINT ignored, and children would inherit that.
        _lobby = ChildProcess.Start("env", ["--default-signal=INT", "dotnet", program, "--port", "0"]);
        const string Ready = "Lobby listening on http://";
        string line = await _lobby.WaitForLineAsync(static text => text.StartsWith(Ready, StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        _endPoint = IPEndPoint.Parse(line[Ready.Length..]);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_lobby is not null)
        {
            await _lobby.SignalAsync("TERM");
            Assert.That(await _lobby.WaitForExitAsync(TimeSpan.FromSeconds(30)), Is.Zero, "it stops in order, with its robot connected");
            Assert.That(_lobby.Error, Is.Empty);
            await _lobby.DisposeAsync();
        }
    }

    [Test]
    public async Task A_player_is_welcomed_moves_and_is_watched()
    {
        using var http = new HttpClient();
        using Stream events = await http.GetStreamAsync(new Uri($"http://{_endPoint}/watch"), Cancellation);
        using var watcher = new StreamReader(events);
        using var player = new ClientWebSocket();
        await player.ConnectAsync(new Uri($"ws://{_endPoint}/play"), Cancellation);
        JsonElement welcome = await ReceiveAsync(player), players = await ReceiveAsync(player);
        Assert.That(welcome.GetProperty("type").GetString(), Is.EqualTo("welcome"));
        string name = welcome.GetProperty("name").GetString()!;
        Assert.That(players.GetProperty("names").EnumerateArray().Select(static one => one.GetString()), Has.Member(name));
        await WatchAsync(watcher, "came", $"{name} came");

        await SendAsync(player, """{"type":"move","direction":"West"}""");
        JsonElement moved = await ReceiveAsync(player);
        Assert.That((moved.GetProperty("type").GetString(), moved.GetProperty("number").GetString()), Is.EqualTo(("moved", "1")), "a long is a string");
        await WatchAsync(watcher, "moved", $"{name} made move 1: West, 1");

        await SendAsync(player, """{"type":"move","direction":"Up"}""");
        Assert.That((await ReceiveAsync(player)).GetProperty("reason").GetString(), Is.EqualTo("Malformed"));
        await SendAsync(player, """{"type":"jump"}""");
        Assert.That((await ReceiveAsync(player)).GetProperty("reason").GetString(), Is.EqualTo("Unknown"));

        await player.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancellation);
        await WatchAsync(watcher, "left", $"{name} left");
    }

    [Test]
    public async Task Pages_of_other_sites_may_not_play()
    {
        using var player = new ClientWebSocket();
        player.Options.SetRequestHeader("Origin", "https://elsewhere.example");
        player.Options.CollectHttpResponseDetails = true;
        Assert.That(async () => await player.ConnectAsync(new Uri($"ws://{_endPoint}/play"), Cancellation), Throws.InstanceOf<WebSocketException>());
        Assert.That(player.HttpStatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task Middleware_marks_and_logs_each_request()
    {
        using var http = new HttpClient();
        using HttpResponseMessage response = await http.GetAsync(new Uri($"http://{_endPoint}/who"), Cancellation);
        Assert.That(await response.Content.ReadAsStringAsync(Cancellation), Does.StartWith("127.0.0.1:"));
        Assert.That(response.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo((string[])["nosniff"]));
        await _lobby!.WaitForLineAsync(static line => line.Contains("\"GET /who HTTP/1.1\" 200", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
    }

    private static Task SendAsync(ClientWebSocket player, string json) => player.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, endOfMessage: true, Cancellation);

    private static async Task<JsonElement> ReceiveAsync(ClientWebSocket player)
    {
        byte[] buffer = new byte[4096];
        WebSocketReceiveResult received = await player.ReceiveAsync(buffer, Cancellation);
        Assert.That((received.MessageType, received.EndOfMessage), Is.EqualTo((WebSocketMessageType.Text, true)));
        return JsonSerializer.Deserialize<JsonElement>(buffer.AsSpan(0, received.Count));
    }

    /// <summary>Reads to the event; others, such as the robot's, may come before.</summary>
    private static async Task WatchAsync(StreamReader watcher, string type, string data)
    {
        bool isOfType = false, isWanted = false;
        while (await watcher.ReadLineAsync(Cancellation) is { } line)
        {
            isOfType |= line == $"event: {type}";
            isWanted |= line == $"data: {data}";
            if (line.Length == 0)
            {
                if (isOfType && isWanted)
                {
                    return;
                }

                isOfType = isWanted = false;
            }
        }

        Assert.Fail($"the stream ended before <{data}>");
    }
}
