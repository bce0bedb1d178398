using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Engine.Sse;
using Engine.TypeScript;
using Engine.WebSockets;

namespace Lobby;

/// <summary>Those who play over WebSockets. What they do is told to those who watch the event streams.</summary>
/// <remarks>Its messages are in Messages.cs; engine-typescript writes contract.ts and contract.json of them.</remarks>
[MessageHandler(Address = "/play", Sends = [typeof(Welcome), typeof(PlayerList), typeof(Moved), typeof(Refused)])]
internal sealed partial class Players(SseHub<string> watchers) : WebSocketHandler<Player>
{
    private readonly ConcurrentDictionary<int, string> _present = new();
    private int _count;

    public override ValueTask OnOpenAsync(WebSocketConnection<Player> socket)
    {
        int number = Interlocked.Increment(ref _count);
        socket.Data = new Player(number);
        _present[number] = socket.Data.Name;

        // Two messages, one send.
        using (WebSocketCork cork = socket.Cork())
        {
            cork.AddText(JsonSerializer.Serialize(new Welcome(socket.Data.Name), ContractJson.Welcome));
            cork.AddText(JsonSerializer.Serialize(new PlayerList([.. _present.OrderBy(static one => one.Key).Select(static one => one.Value)]), ContractJson.PlayerList));
            cork.Send();
        }

        watchers.Publish("lobby", new SseEvent($"{socket.Data.Name} came") { EventType = "came" });
        return default;
    }

    public override ValueTask OnMessage(WebSocketConnection<Player> socket, WebSocketMessage message)
    {
        // Dispatch is generated: it reads the message and calls the method that takes it.
        MessageDispatch result = Dispatch(socket, message.Data, out ValueTask handled);
        if (result != MessageDispatch.Handled)
        {
            socket.TrySendJson(new Refused(result.ToString()), ContractJson.Refused);
        }

        return handled;
    }

    public override void OnClose(WebSocketConnection<Player> socket, WebSocketClosure closure)
    {
        if (socket.Data is { } player)
        {
            _present.TryRemove(player.Number, out _);
            watchers.Publish("lobby", new SseEvent($"{player.Name} left") { EventType = "left" });
        }
    }

    private void OnMove(WebSocketConnection<Player> socket, Move move)
    {
        Player player = socket.Data!;
        player.Moves++;
        socket.TrySendJson(new Moved(player.Moves, DateTimeOffset.UtcNow), ContractJson.Moved);
        string text = string.Create(CultureInfo.InvariantCulture, $"{player.Name} made move {player.Moves}: {move.Direction}, {move.Steps}");
        watchers.Publish("lobby", new SseEvent(text) { EventType = "moved" });
    }
}

/// <summary>What is known of one player.</summary>
internal sealed class Player(int number)
{
    public int Number { get; } = number;

    public string Name { get; } = string.Create(CultureInfo.InvariantCulture, $"player {number}");

    public long Moves { get; set; }
}
