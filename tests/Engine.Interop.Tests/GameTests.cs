using System.Buffers.Binary;
using System.Net.WebSockets;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>samples/Game: the page in Chromium, and a client that stops reading, for which nothing old may wait. The load of 200 bots and its figures are the sample's own.</summary>
[CancelAfter(120_000)]
public sealed class GameTests
{
    private ServerProgram? _game;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync() => _game = await ServerProgram.StartGameAsync();

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_game is not null)
        {
            await _game.StopAsync();
        }
    }

    [Test]
    public async Task Page_shows_the_server_s_figures_and_a_key_moves_its_player()
    {
        await using Chromium browser = await Chromium.LaunchAsync();
        IPage page = await browser.NewPageAsync();
        await page.GotoAsync($"{_game!.Http}/");
        await page.WaitForFunctionAsync("window.told >= 1 && window.myPlace?.x !== undefined");
        Assert.That(await page.TextContentAsync("#status"), Is.EqualTo("playing"));
        double before = await page.EvaluateAsync<double>("window.myPlace.x");
        await page.FocusAsync("#field");

        // Towards the side that is farther away.
        await page.Keyboard.DownAsync(before > 1_200 ? "ArrowLeft" : "ArrowRight");
        await page.WaitForFunctionAsync("before => Math.abs(window.myPlace.x - before) > 100", before);
        await page.Keyboard.UpAsync(before > 1_200 ? "ArrowLeft" : "ArrowRight");
    }

    [Test]
    public async Task Client_that_acknowledges_nothing_is_sent_one_state_and_the_newest_when_it_does()
    {
        using ClientWebSocket socket = await JoinAsync();

        // The first figures may be those of the past second, the next come at any moment, the third a second later.
        List<uint> ticks = await ReadUntilFigureAsync(socket, figures: 3);
        Assert.That(ticks, Has.Count.EqualTo(4), "one frame of each area in sight, and no more for a second");
        await socket.SendAsync(Input(ticks.Max()), WebSocketMessageType.Binary, endOfMessage: true, Cancellation);
        List<uint> next = await ReadUntilFigureAsync(socket, figures: 2);
        Assert.That(next, Has.Count.EqualTo(2), "the area it stands in, and one of the others");
        Assert.That(next, Is.All.GreaterThan(ticks.Max() + 20), "of now, and none of those between");
    }

    [Test]
    public async Task Client_that_keeps_up_hears_each_tick()
    {
        using ClientWebSocket socket = await JoinAsync();
        HashSet<uint> ticks = [];
        byte[] buffer = new byte[8_192];
        while (ticks.Count < 60)
        {
            if (await ReceiveAsync(socket, buffer) == WebSocketMessageType.Binary && buffer[0] == 2 && ticks.Add(TickOf(buffer)))
            {
                await socket.SendAsync(Input(ticks.Max()), WebSocketMessageType.Binary, endOfMessage: true, Cancellation);
            }
        }

        // The first few come while it is not known to keep up; a machine that is busy may let it fall behind for a moment.
        Assert.That(ticks.Count(tick => ticks.Contains(tick + 1)), Is.GreaterThan(30));
    }

    [Test]
    public async Task What_is_no_input_ends_the_connection()
    {
        using ClientWebSocket socket = await JoinAsync();
        await socket.SendAsync(new byte[] { 9, 9 }, WebSocketMessageType.Binary, endOfMessage: true, Cancellation);
        byte[] buffer = new byte[8_192];
        while (await ReceiveAsync(socket, buffer) != WebSocketMessageType.Close)
        {
            // What was on its way.
        }

        Assert.That(socket.CloseStatus, Is.EqualTo(WebSocketCloseStatus.PolicyViolation));
    }

    private static byte[] Input(uint tick)
    {
        byte[] input = [1, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(input.AsSpan(3), tick);
        return input;
    }

    private static uint TickOf(byte[] frame) => BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(2));

    /// <summary>The ticks of the areas' frames until the server has told its figures so often, once a second.</summary>
    private static async Task<List<uint>> ReadUntilFigureAsync(ClientWebSocket socket, int figures)
    {
        List<uint> ticks = [];
        byte[] buffer = new byte[8_192];
        while (figures > 0)
        {
            if (await ReceiveAsync(socket, buffer) == WebSocketMessageType.Text)
            {
                figures--;
            }
            else if (buffer[0] == 2)
            {
                ticks.Add(TickOf(buffer));
            }
        }

        return ticks;
    }

    /// <summary>Receives one message into the buffer.</summary>
    private static async Task<WebSocketMessageType> ReceiveAsync(ClientWebSocket socket, byte[] buffer)
    {
        int length = 0;
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(buffer.AsMemory(length), Cancellation);
            length += received.Count;
        }
        while (!received.EndOfMessage);

        return received.MessageType;
    }

    private async Task<ClientWebSocket> JoinAsync()
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"{_game!.Ws}/play"), Cancellation);
        return socket;
    }
}
