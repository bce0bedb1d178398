using System.Net.WebSockets;
using Engine.WebSockets;

namespace Game;

/// <summary>
/// The players' connections. Each is subscribed to the topics of the areas around its player. One that falls behind is taken off them, and gets the newest frame of each area
/// with every acknowledgement: its state is as fresh as its line allows, and nothing old waits.
/// </summary>
internal sealed class PlayHandler(World world, Action start) : WebSocketHandler<Player>
{
    private const string Figures = "figures";

    public override void OnOpen(WebSocketConnection<Player> socket)
    {
        if (world.Enter() is not { } player)
        {
            socket.Close(WebSocketCloseStatus.EndpointUnavailable, "full");
            return;
        }

        start();
        socket.Data = player;
        player.Socket = socket;
        player.IsBehind = true;
        socket.TrySendBinary(Frames.Welcome(player, world));
        socket.Subscribe(Figures);
        SendNewest(socket, player);
    }

    public override ValueTask OnMessage(WebSocketConnection<Player> socket, WebSocketMessage message)
    {
        if (socket.Data is not { } player || message.IsText || !Frames.TryReadInput(message.Data, out sbyte dx, out sbyte dy, out uint tick))
        {
            socket.Close(WebSocketCloseStatus.PolicyViolation, "no input");
            return default;
        }

        player.Turn(dx, dy);
        bool isFast = player.Acknowledge(tick, world.Tick);
        if (player.IsBehind && !isFast)
        {
            SendNewest(socket, player);
            return default;
        }

        player.IsBehind = false;
        Span<int> wanted = stackalloc int[4];
        World.AreasAround(player.X, player.Y, wanted);
        for (int i = player.Areas.Count - 1; i >= 0; i--)
        {
            if (!wanted.Contains(player.Areas[i]))
            {
                socket.Unsubscribe(World.TopicOf(player.Areas[i]));
                player.Areas.RemoveAt(i);
            }
        }

        foreach (int area in wanted)
        {
            if (!player.Areas.Contains(area))
            {
                socket.Subscribe(World.TopicOf(area));
                player.Areas.Add(area);
            }
        }

        return default;
    }

    public override void OnClose(WebSocketConnection<Player> socket, WebSocketClosure closure)
    {
        if (socket.Data is { } player)
        {
            world.Leave(player);
        }
    }

    /// <summary>Takes a player whose client is late off the topics. Any thread.</summary>
    public static void HoldBack(Player player)
    {
        player.IsBehind = true;
        player.Socket?.Post(static state =>
        {
            var player = (Player)state!;
            if (player.IsBehind)
            {
                player.Areas.ForEach(area => player.Socket!.Unsubscribe(World.TopicOf(area)));
                player.Areas.Clear();
            }
        }, player);
    }

    private void SendNewest(WebSocketConnection socket, Player player)
    {
        Span<int> wanted = stackalloc int[4];
        World.AreasAround(player.X, player.Y, wanted);
        using WebSocketCork cork = socket.Cork();
        foreach (int area in wanted)
        {
            if (world.Newest(area) is { } frame)
            {
                cork.AddBinary(frame);
            }
        }

        cork.Send();
    }
}
