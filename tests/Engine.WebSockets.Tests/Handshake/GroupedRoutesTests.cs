using System.Text;
using Engine.Http1;
using Engine.TestKit;

namespace Engine.WebSockets.Tests;

/// <summary>End points behind the middleware that HTTP servers usually have.</summary>
[Category("Sockets")]
[CancelAfter(30_000)]
public sealed class GroupedRoutesTests
{
    private const string Handshake =
        "GET /api/chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

    [Test]
    public async Task An_end_point_of_a_group_is_behind_its_middleware_and_is_not_compressed_but_logged()
    {
        var status = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using SocketServer server = await SocketServer.StartAsync(http => http
            .Use(AccessLog.Create((in AccessLogEntry entry) => status.TrySetResult(entry.StatusCode)))
            .Use(ResponseCompression.Create())
            .MapGroup("/api", static api => api
                .Use(static (context, next) => context.Request.Headers.Contains("X-Refused") ? Refuse(context) : next(context))
                .MapWebSocket("/chat", async (socket, ct) =>
                {
                    await foreach (ReceivedMessage message in socket.ReadAllAsync(ct))
                    {
                        await socket.SendAsync(message, ct);
                    }
                })));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(Handshake + "Accept-Encoding: gzip\r\n\r\n"), .. Wire.Text("hello"), .. Wire.Close(1000)]);
        byte[] all = await client.ReadToEndAsync();
        int end = all.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        Assert.That(Encoding.Latin1.GetString(all, 0, end), Does.StartWith("HTTP/1.1 101 ").And.Not.Contain("Content-Encoding"));
        Assert.That(Wire.Read(all.AsSpan(end)), Is.EqualTo(new[] { "1:hello", "8:1000" }));
        Assert.That(await status.Task, Is.EqualTo(101));
        await using RawClient refused = await RawClient.ConnectAsync(server.EndPoint);
        Assert.That((await refused.RequestAsync(Handshake + "X-Refused: 1\r\n\r\n")).StatusCode, Is.EqualTo(403));
    }

    private static ValueTask Refuse(HttpContext context)
    {
        context.Response.StatusCode = 403;
        return context.Response.WriteAsync("no");
    }
}
