using System.Text;

namespace Engine.PubSub.Tests;

/// <summary>A hub with some loops of in-memory connections, driven by the test alone.</summary>
internal sealed class Room
{
    private readonly MemoryServer[] _servers;
    private readonly List<Guest> _guests = [];

    public Room(TopicHubOptions? options = null, int loops = 1, int maxOutboundBytes = 65_536)
    {
        options ??= new TopicHubOptions();
        options.Clock = Clock;
        options.OnError = Errors.Add;
        Hub = new TopicHub(options);
        _servers = new MemoryServer[loops];
        for (int i = 0; i < loops; i++)
        {
            var server = new ServerOptions();
            server.Connections.MaxOutboundBytes = maxOutboundBytes;
            server.Connections.WriteTimeout = Timeout.InfiniteTimeSpan;
            _servers[i] = new MemoryServer(server, _ => new Protocol());
        }
    }

    public ManualClock Clock { get; } = new();

    public TopicHub Hub { get; }

    public List<Exception> Errors { get; } = [];

    /// <summary>Streams of five messages below "s.", latest topics below "l.", ephemeral ones elsewhere.</summary>
    public static TopicHubOptions Kinds() => new TopicHubOptions()
        .Add("s.>", new TopicOptions(TopicKind.Stream) { MaxMessages = 5 })
        .Add("l.>", new TopicOptions(TopicKind.Latest));

    /// <summary>A message for a latest topic.</summary>
    public static TopicMessage Keyed(string key, string text) => new(text) { Key = key };

    public Guest Enter(int loop = 0)
    {
        MemoryPeer peer = _servers[loop].Connect();
        Connection connection = Protocol.Newest!;
        var guest = new Guest(peer, new LineSubscriber(Hub, connection), this);
        ((Protocol)connection.Protocol).Guest = guest;
        _guests.Add(guest);
        return guest;
    }

    /// <summary>Runs all loops until none has anything to do.</summary>
    public void Run()
    {
        for (int pass = 0; pass < 3; pass++)
        {
            foreach (MemoryServer server in _servers)
            {
                server.RunUntilIdle();
            }
        }
    }

    public void Advance(TimeSpan time)
    {
        Clock.Advance(time);
        Run();
    }

    /// <summary>Ends every connection; nothing may be left of them.</summary>
    public void Close()
    {
        _guests.ForEach(static guest => guest.Peer.Reset());
        Run();
        foreach (MemoryServer server in _servers)
        {
            Assert.That(server.Engine.ConnectionCount, Is.Zero);
            Assert.That(server.Engine.Metrics.RentedSegments, Is.Zero, "buffers of queues");
        }

        Hub.Dispose();
        Assert.That(Errors, Is.Empty);
    }

    /// <summary>One connection of the room.</summary>
    internal sealed class Guest(MemoryPeer peer, LineSubscriber subscriber, Room room)
    {
        public MemoryPeer Peer => peer;

        public LineSubscriber Subscriber => subscriber;

        public Action? OnClosed { get; set; }

        public void Freeze() => peer.RoomBytes = 0;

        public void Thaw(int bytes = 1 << 30) => peer.AddRoom(bytes);

        /// <summary>The lines that arrived since the last call.</summary>
        public string[] Lines()
        {
            room.Run();
            string text = Encoding.UTF8.GetString(peer.Received);
            int end = text.LastIndexOf('\n') + 1;
            Assert.That(end, Is.EqualTo(text.Length), "whole lines");
            peer.TakeReceived();
            return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }

    private sealed class Protocol : ConnectionProtocol
    {
        [ThreadStatic]
        private static Connection? _newest;

        public static Connection? Newest => _newest;

        public Guest? Guest { get; set; }

        protected internal override void OnStarted(Connection connection) => _newest = connection;

        protected internal override int OnReceived(Connection connection, Span<byte> bytes) => bytes.Length;

        protected internal override void OnDrained(Connection connection) => Guest?.Subscriber.OnDrained();

        protected internal override void OnClosed(Connection connection, CloseReason reason)
        {
            Guest?.Subscriber.Close();
            Guest?.OnClosed?.Invoke();
        }
    }
}
