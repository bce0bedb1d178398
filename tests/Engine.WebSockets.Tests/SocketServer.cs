using System.Net;
using Engine.Http1;

namespace Engine.WebSockets.Tests;

/// <summary>A server over real sockets with one WebSocket endpoint at <c>/echo</c>, for programs that this project did not write and for the client.</summary>
internal sealed class SocketServer : IAsyncDisposable
{
    private readonly HttpServer _server;

    private SocketServer(HttpServer server) => _server = server;

    public EngineServer Engine => _server.Engine;

    public EndPoint EndPoint => _server.EndPoint;

    public Uri Uri => new($"ws://{EndPoint}/echo");

    public static Task<SocketServer> StartAsync(
        Action<WebSocketEndpointOptions>? configure = null, EndPoint? endPoint = null, WebSocketHandler<int>? handler = null, TransportKind transport = TransportKind.Auto)
    {
        var options = new WebSocketEndpointOptions();
        configure?.Invoke(options);
        return StartAsync(server => server.MapWebSocket("/echo", handler ?? new EchoHandler(), options), endPoint, transport);
    }

    public static async Task<SocketServer> StartAsync(
        Action<HttpServer> map, EndPoint? endPoint = null, TransportKind transport = TransportKind.Auto, HandlerScheduling scheduling = HandlerScheduling.EventLoop)
    {
        var server = new HttpServer(new HttpServerOptions
        {
            EndPoint = endPoint ?? new IPEndPoint(IPAddress.Loopback, 0),
            LoopCount = 1,
            Transport = transport,
            HandlerScheduling = scheduling,
        });
        map(server);
        await server.StartAsync();
        return new SocketServer(server);
    }

    public async ValueTask DisposeAsync() => await _server.StopAsync(TimeSpan.FromSeconds(2));
}
