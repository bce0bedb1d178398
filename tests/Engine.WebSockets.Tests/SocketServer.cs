using System.Net;
using System.Text;

namespace Engine.WebSockets.Tests;

/// <summary>A server over real sockets that echoes by a handler, for programs that this project did not write and for the client.</summary>
internal sealed class SocketServer : IAsyncDisposable
{
    private readonly EngineServer _server;

    private SocketServer(EngineServer server) => _server = server;

    public EngineServer Engine => _server;

    public EndPoint EndPoint => _server.EndPoints[0];

    public Uri Uri => new($"ws://{EndPoint}/echo");

    public static async Task<SocketServer> StartAsync(Action<WebSocketEndpointOptions>? configure = null, EndPoint? endPoint = null, WebSocketHandler<int>? handler = null)
    {
        var options = new WebSocketEndpointOptions();
        configure?.Invoke(options);
        var serverOptions = new ServerOptions { LoopCount = 1 };
        serverOptions.EndPoints.Add(endPoint ?? new IPEndPoint(IPAddress.Loopback, 0));
        var endpoint = new HandlerEndpoint<int>(options, handler ?? new EchoHandler());
        var server = new EngineServer(serverOptions, _ => new UpgradeProtocol(endpoint));
        await server.StartAsync();
        return new SocketServer(server);
    }

    public async ValueTask DisposeAsync() => await _server.StopAsync(TimeSpan.FromSeconds(2));

    /// <summary>As much HTTP as a handshake needs.</summary>
    private sealed class UpgradeProtocol(WebSocketEndpoint endpoint) : ConnectionProtocol
    {
        protected internal override int OnReceived(Connection connection, Span<byte> bytes)
        {
            int end = bytes.IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                return 0;
            }

            string[] lines = Encoding.Latin1.GetString(bytes[..end]).Split("\r\n");
            string? Header(string name) => lines.Skip(1).Select(line => line.Split(": ", 2)).FirstOrDefault(pair => pair[0].Equals(name, StringComparison.OrdinalIgnoreCase))?[1];
            var request = new HandshakeRequest
            {
                IsGet = lines[0].StartsWith("GET ", StringComparison.Ordinal),
                IsHttp11 = lines[0].EndsWith("HTTP/1.1", StringComparison.Ordinal),
                Host = Header("Host"),
                Connection = Header("Connection"),
                Upgrade = Header("Upgrade"),
                Key = Header("Sec-WebSocket-Key"),
                Version = Header("Sec-WebSocket-Version"),
                Protocols = Header("Sec-WebSocket-Protocol"),
                Extensions = Header("Sec-WebSocket-Extensions"),
            };
            HandshakeVerdict verdict = ServerHandshake.Check(in request, endpoint.Options, mayKeepHistory: true);
            var answer = new StringBuilder($"HTTP/1.1 {verdict.StatusCode} X\r\n");
            if (!verdict.IsAccepted)
            {
                connection.TrySend(Encoding.Latin1.GetBytes(answer.Append("Content-Length: 0\r\n\r\n").ToString()));
                connection.Close();
                return bytes.Length;
            }

            answer.Append($"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {verdict.AcceptValue}\r\n");
            if (verdict.SubProtocol is { } protocol)
            {
                answer.Append($"Sec-WebSocket-Protocol: {protocol}\r\n");
            }

            if (verdict.ExtensionAnswer is { } extension)
            {
                answer.Append($"Sec-WebSocket-Extensions: {extension}\r\n");
            }

            connection.TrySend(Encoding.Latin1.GetBytes(answer.Append("\r\n").ToString()));
            connection.SwitchProtocol(new WebSocketConnection<int>(endpoint, connection, verdict.SubProtocol, verdict.Deflate, 0).Protocol);
            return end + 4;
        }
    }
}
