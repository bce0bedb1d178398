using System.Net;
using Engine.Http1;

namespace Engine.WebSockets.Tests;

/// <summary>A server of topics over real sockets, and clients of it that come back fast. What it made is disposed with it, the clients first.</summary>
internal sealed class TopicServer : IAsyncDisposable
{
    private readonly HttpServer _server;

    private TopicServer(HttpServer server, TopicHub hub)
    {
        _server = server;
        Hub = hub;
    }

    public TopicHub Hub { get; }

    public EndPoint EndPoint => _server.EndPoint;

    public Uri Uri => new($"ws://{EndPoint}/topics");

    public static async Task<TopicServer> StartAsync(TopicProtocolOptions? options = null, TopicOptions? topics = null, EndPoint? endPoint = null)
    {
        var hub = new TopicHub(new TopicHubOptions { Default = topics ?? new TopicOptions(TopicKind.Stream) });
        var server = new HttpServer(new HttpServerOptions { EndPoint = endPoint ?? new IPEndPoint(IPAddress.Loopback, 0), LoopCount = 1 });
        server.MapTopicProtocol("/topics", hub, options);
        await server.StartAsync();
        return new TopicServer(server, hub);
    }

    public TopicClient Connect(Action<TopicClientOptions>? configure = null)
    {
        TopicClientOptions options = Fast();
        configure?.Invoke(options);
        return new TopicClient(Uri, options);
    }

    /// <summary>Resets every connection.</summary>
    public void Drop() => _server.Engine.ForEachConnection(static connection => connection.Abort());

    /// <summary>Stops as a server does that is replaced: its clients are told when to come back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(TimeSpan.FromSeconds(2));
        await _server.DisposeAsync();
        Hub.Dispose();
    }

    private static TopicClientOptions Fast() => new()
    {
        Connection = new WebSocketClientOptions { MinReconnectDelay = TimeSpan.FromMilliseconds(5), MaxReconnectDelay = TimeSpan.FromMilliseconds(50) },
    };
}
