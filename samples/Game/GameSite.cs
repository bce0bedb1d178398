using Engine.Http1;
using Engine.PubSub;
using Engine.StaticFiles;
using Engine.WebSockets;

namespace Game;

/// <summary>The game's routes and its clock, for a server of its own or under a prefix of another.</summary>
internal sealed class GameSite : IDisposable
{
    private readonly World _world = new();
    private TickThread? _ticks;

    public TopicHub Hub { get; } = new(new TopicHubOptions { Default = new TopicOptions(TopicKind.Latest) });

    /// <param name="server">Where to.</param>
    /// <param name="pages">The folder of the pages.</param>
    /// <param name="bytesSent">What the whole server has sent.</param>
    public void Map(HttpServer server, string pages, Func<long> bytesSent)
    {
        _ticks = new TickThread(_world, Hub, bytesSent);
        var handler = new PlayHandler(_world, _ticks.Start);
        server.MapStaticFiles("/", pages);
        server.MapWebSocket("/play", handler, new WebSocketEndpointOptions { Topics = Hub, RequireSameOrigin = true, MaxMessageBytes = 1_024, MaxFrameBytes = 1_024 });
    }

    public void Dispose()
    {
        _ticks?.Dispose();
        Hub.Dispose();
    }
}
