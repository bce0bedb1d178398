using System.Globalization;
using Engine.Sse;
using Engine.WebSockets;

namespace Lobby;

/// <summary>Those who play over WebSockets. What they do is told to those who watch the event streams.</summary>
internal sealed class Players(SseHub<string> watchers) : WebSocketHandler<Player>
{
    private int _count;

    public override ValueTask OnOpenAsync(WebSocketConnection<Player> socket)
    {
        socket.Data = new Player($"player {Interlocked.Increment(ref _count)}");

        // Two messages, one send.
        using (WebSocketCork cork = socket.Cork())
        {
            cork.AddText("welcome");
            cork.AddText($"you are {socket.Data.Name}");
            cork.Send();
        }

        watchers.Publish("lobby", new SseEvent($"{socket.Data.Name} came") { EventType = "came" });
        return default;
    }

    public override ValueTask OnMessage(WebSocketConnection<Player> socket, WebSocketMessage message)
    {
        Player player = socket.Data!;
        player.Moves++;
        watchers.Publish("lobby", new SseEvent($"{player.Name} made move {player.Moves.ToString(CultureInfo.InvariantCulture)}") { EventType = "moved" });
        return default;
    }

    public override void OnClose(WebSocketConnection<Player> socket, WebSocketClosure closure)
        => watchers.Publish("lobby", new SseEvent($"{socket.Data?.Name} left") { EventType = "left" });
}

/// <summary>What is known of one player.</summary>
internal sealed class Player(string name)
{
    public string Name { get; } = name;

    public int Moves { get; set; }
}
