using System.Net;
using System.Net.WebSockets;
using System.Threading.Channels;
using Engine.Http1;
using Engine.Sse;
using Engine.WebSockets;

namespace Engine.Interop.Tests;

/// <summary>One channel hears of everything that fails in a host's code, whatever the protocol; it is subscribed to before the start.</summary>
[TestFixture(TransportKind.Sockets)]
[TestFixture(TransportKind.Epoll)]
[CancelAfter(60_000)]
public sealed class ErrorChannelTests(TransportKind transport)
{
    [Test]
    public async Task A_subscriber_hears_of_handlers_of_HTTP_of_events_and_of_WebSockets_though_another_throws(CancellationToken cancellationToken)
    {
        Channel<(string Message, bool HasConnection)> heard = Channel.CreateUnbounded<(string Message, bool HasConnection)>();
        await using var server = new HttpServer(new HttpServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Transport = transport });
        server.HandlerFailed += static (_, _) => throw new InvalidOperationException("the other subscriber");
        server.HandlerFailed += (connection, exception) => heard.Writer.TryWrite((exception.Message, connection is not null));
        server
            .MapGet("/http", static _ => throw new InvalidOperationException("http"))
            .MapSse("/events", static (_, _) => throw new InvalidOperationException("events"))
            .MapWebSocket("/reads", static async (socket, ct) =>
            {
                await socket.ReceiveAsync(ct);
                throw new InvalidOperationException("reads");
            })
            .MapWebSocket("/handles", new Failing())
            .MapGet("/posts", static context =>
            {
                context.Connection.Post(static _ => throw new InvalidOperationException("posts"), null);
                return default;
            });
        await server.StartAsync(cancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.EndPoint}") };
        foreach (string path in new[] { "http", "events", "posts" })
        {
            // What a client sees of it is another test's matter.
            _ = http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ContinueWith(static asked => asked.Exception, TaskScheduler.Default);
            Assert.That(await heard.Reader.ReadAsync(cancellationToken), Is.EqualTo((path, true)));
        }

        foreach (string path in new[] { "reads", "handles" })
        {
            using var socket = new ClientWebSocket();
            await socket.ConnectAsync(new Uri($"ws://{server.EndPoint}/{path}"), cancellationToken);
            await socket.SendAsync("x"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            Assert.That(await heard.Reader.ReadAsync(cancellationToken), Is.EqualTo((path, true)));
        }

        Assert.That(heard.Reader.TryRead(out _), Is.False, "each once");
    }

    private sealed class Failing : WebSocketHandler<int>
    {
        public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message) => throw new InvalidOperationException("handles");
    }
}
