using System.Net.WebSockets;
using Engine;
using Engine.WebSockets;

namespace Game;

/// <summary>
/// The players' connections. Each is subscribed to the topics of the four areas around its player. One that falls behind is taken off them. Once it has
/// acknowledged all that was on its way it gets the newest frame of the area it stands in, and of one of the others in turn: its state is as fresh as its
/// line allows, and nothing old waits.
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
            if (tick >= player.LastSent)
            {
                SendNext(world, socket, player);
            }

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
    public static void HoldBack(World world, Player player)
    {
        player.IsBehind = true;
        if (player.Socket is not { } socket)
        {
            return;
        }

        socket.Post(
            _ =>
            {
                if (player.IsBehind)
                {
                    player.Areas.ForEach(area => socket.Unsubscribe(World.TopicOf(area)));
                    player.Areas.Clear();
                    SendNext(world, socket, player);
                }
            },
            null);
    }

    /// <summary>The newest of each area around a player that has come.</summary>
    private void SendNewest(WebSocketConnection socket, Player player)
    {
        Span<int> around = stackalloc int[4];
        World.AreasAround(player.X, player.Y, around);
        Send(world, socket, player, around);
    }

    private static void SendNext(World world, WebSocketConnection socket, Player player)
    {
        Span<int> around = stackalloc int[4];
        (double x, double y) = (player.X, player.Y);
        World.AreasAround(x, y, around);
        int own = around.IndexOf(World.AreaOf(x, y));
        player.NextOther = (player.NextOther + 1) % 3;
        Send(world, socket, player, [around[own], around[(own + 1 + player.NextOther) % 4]]);
    }

    private static void Send(World world, WebSocketConnection socket, Player player, ReadOnlySpan<int> areas)
    {
        uint newest = 0;
        using WebSocketCork cork = socket.Cork();
        foreach (int area in areas)
        {
            if (world.Newest(area) is { } frame)
            {
                cork.AddBinary(frame);
                newest = Math.Max(newest, Frames.TickOf(frame) ?? 0);
            }
        }

        // What found no room is not waited for.
        player.LastSent = cork.Send() is SendStatus.Sent or SendStatus.Queued ? newest : 0;
    }
}
