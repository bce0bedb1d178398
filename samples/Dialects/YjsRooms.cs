using System.Collections.Concurrent;
using Engine.Http1;
using Engine.WebSockets;

namespace Dialects;

/// <summary>
/// Rooms for Yjs documents by the protocol of y-websocket. The server understands no document: it keeps the updates that clients sent and hands them to the others,
/// who put them together. Each member reads the list of updates at its own pace, so nobody waits for a slow one and nobody misses an update. A client's whole
/// state takes the place of the updates that it was given before, so the list stays short.
/// </summary>
internal sealed class YjsRooms : WebSocketHandler<YjsRooms.Member>
{
    private const byte Sync = 0;
    private const byte Awareness = 1;
    private const byte QueryAwareness = 3;
    private const byte SyncStep1 = 0;
    private const byte SyncStep2 = 1;
    private const byte Update = 2;

    private readonly ConcurrentDictionary<string, Room> _rooms = new();

    /// <summary>An update of two bytes without content.</summary>
    private static ReadOnlySpan<byte> Nothing => [2, 0, 0];

    public void Map(HttpServer server) => server.MapWebSocket("/yjs/{room}", this);

    public override ValueTask OnUpgradeAsync(WebSocketUpgrade<Member> upgrade)
    {
        upgrade.Data = new Member(_rooms.GetOrAdd(upgrade.Context.RouteParameters["room"]!, static _ => new Room()));
        return ValueTask.CompletedTask;
    }

    public override async ValueTask OnOpenAsync(WebSocketConnection<Member> socket)
    {
        Member member = socket.Data!;
        Room room = member.Room;
        lock (room)
        {
            room.Sockets.Add(socket);
            member.KnownCount = room.Updates.Count;
            member.IsSending = true;
            Tell(room, socket, [QueryAwareness]);
        }

        await CatchUpAsync(socket);

        // "What have you?", from one who has nothing: the answer is the client's whole state, which holds all that was just sent.
        await socket.SendBinaryAsync(new byte[] { Sync, SyncStep1, 1, 0 });
    }

    public override ValueTask OnMessage(WebSocketConnection<Member> socket, WebSocketMessage message)
    {
        switch (message.Data)
        {
            case [Sync, SyncStep1, ..]:
                // All there is was sent when the connection opened; an empty update says so.
                return SendAsync(socket, [Sync, SyncStep2, .. Nothing]);
            case [Sync, SyncStep2, .. var state] when !state.SequenceEqual(Nothing):
                Keep(socket, [Sync, Update, .. state], isWholeState: true);
                break;
            case [Sync, Update, ..]:
                Keep(socket, message.Data.ToArray(), isWholeState: false);
                break;
            case [Awareness, ..]:
                lock (socket.Data!.Room)
                {
                    Tell(socket.Data.Room, socket, message.Data);
                }

                break;
        }

        return ValueTask.CompletedTask;
    }

    public override void OnClose(WebSocketConnection<Member> socket, WebSocketClosure closure)
    {
        lock (socket.Data!.Room)
        {
            socket.Data.Room.Sockets.Remove(socket);
        }
    }

    private static void Keep(WebSocketConnection<Member> sender, byte[] update, bool isWholeState)
    {
        Room room = sender.Data!.Room;
        lock (room)
        {
            if (isWholeState && sender.Data.KnownCount is > 0 and int known)
            {
                room.Updates.RemoveRange(0, known);
                foreach (WebSocketConnection<Member> socket in room.Sockets)
                {
                    socket.Data!.KnownCount = Math.Max(0, socket.Data.KnownCount - known);
                    socket.Data.Next = Math.Max(0, socket.Data.Next - known);
                }
            }

            room.Updates.Add((sender, update));
            foreach (WebSocketConnection<Member> socket in room.Sockets.Where(static socket => !socket.Data!.IsSending))
            {
                socket.Data!.IsSending = true;
                _ = CatchUpAsync(socket);
            }
        }
    }

    /// <summary>Sends what the member has not got yet, waiting for room as often as need be. One at a time for each member.</summary>
    private static async Task CatchUpAsync(WebSocketConnection<Member> socket)
    {
        Member member = socket.Data!;
        while (true)
        {
            (WebSocketConnection<Member> sender, byte[] update) next;
            lock (member.Room)
            {
                if (member.Next == member.Room.Updates.Count)
                {
                    member.IsSending = false;
                    return;
                }

                next = member.Room.Updates[member.Next++];
            }

            if (next.sender != socket)
            {
                await socket.SendBinaryAsync(next.update);
            }
        }
    }

    /// <summary>Tells the others who is where. It is told again soon, so whoever has no room for it does without.</summary>
    private static void Tell(Room room, WebSocketConnection<Member> sender, ReadOnlySpan<byte> message)
    {
        using PreparedMessage prepared = PreparedMessage.Binary(message);
        foreach (WebSocketConnection<Member> socket in room.Sockets.Where(socket => socket != sender))
        {
            socket.TrySend(prepared);
        }
    }

    private static async ValueTask SendAsync(WebSocketConnection<Member> socket, byte[] message) => await socket.SendBinaryAsync(message);

    /// <summary>One document and who edits it. Locked by itself: members live on several loops.</summary>
    internal sealed class Room
    {
        /// <summary>Updates in the order of their arrival, as they are sent.</summary>
        public List<(WebSocketConnection<Member> Sender, byte[] Bytes)> Updates { get; } = [];

        public List<WebSocketConnection<Member>> Sockets { get; } = [];
    }

    /// <summary>Where one client stands. Under the room's lock.</summary>
    internal sealed class Member(Room room)
    {
        public Room Room { get; } = room;

        /// <summary>The update that it gets next.</summary>
        public int Next { get; set; }

        /// <summary>How many of the first updates its whole state holds.</summary>
        public int KnownCount { get; set; }

        /// <summary>Whether somebody is sending to it.</summary>
        public bool IsSending { get; set; }
    }
}
