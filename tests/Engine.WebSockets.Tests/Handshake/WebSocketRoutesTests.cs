using System.Text;
using Engine.Http1;
using Engine.TestKit;

namespace Engine.WebSockets.Tests;

/// <summary>Handshakes over real sockets, byte by byte as they stand on the wire.</summary>
[Category("Sockets")]
[CancelAfter(30_000)]
public sealed class WebSocketRoutesTests
{
    private const string Good =
        "GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

    [Test]
    public async Task RFC6455_1_3_example_is_answered_and_frames_sent_with_the_request_are_echoed([Values] HandlerScheduling scheduling)
    {
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", new EchoHandler()), scheduling: scheduling);
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(Good + "\r\n"), .. Wire.Text("early"), .. Wire.Close(1000)]);
        string all = Encoding.Latin1.GetString(await ReadToEndAsync(client));
        int end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        Assert.That(all, Does.StartWith("HTTP/1.1 101 Switching Protocols\r\n"));
        Assert.That(all[..end], Does.Contain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        Assert.That(all[..end], Does.Contain("Upgrade: websocket\r\n").And.Contain("Connection: Upgrade\r\n"));
        Assert.That(all[..end], Does.Not.Contain("Sec-WebSocket-Extensions").And.Not.Contain("Content-Length"));
        Assert.That(Wire.Read(Encoding.Latin1.GetBytes(all[end..])), Is.EqualTo(new[] { "1:early", "8:1000" }));
    }

    [TestCase("GET /chat HTTP/1.1\r\nHost: x\r\n", 426, "Sec-WebSocket-Version: 13")]
    [TestCase("GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n", 426, "Sec-WebSocket-Version: 13")]
    [TestCase("GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n", 400, "")]
    [TestCase("GET /chat HTTP/1.0\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", 426, "")]
    [TestCase("POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n", 405, "Allow: GET")]
    public async Task Request_that_is_no_handshake_gets_its_status(string request, int status, string field)
    {
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", new EchoHandler()));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync(request + "\r\n");
        string head = await ReadHeadAsync(client);
        Assert.That(head, Does.StartWith($"HTTP/1.1 {status} "));
        Assert.That(head, Does.Contain(field));
    }

    [TestCase("Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n")]
    [TestCase("Upgrade: WEBSOCKET\r\nConnection: upgrade\r\nContent-Length: 0\r\n")]
    [TestCase("Upgrade: h2c, websocket\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n")]
    public async Task KestrelHttpServer_1170_2564_lawful_spellings_of_an_upgrade_are_accepted(string fields)
    {
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", new EchoHandler()));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync($"GET /chat HTTP/1.1\r\nHost: x\r\n{fields}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
        Assert.That(await ReadHeadAsync(client), Does.StartWith("HTTP/1.1 101 "));
    }

    [Test]
    public async Task Status_that_a_host_set_keeps_the_client_out_also_without_a_refusal([Values(401, 404, 503)] int status)
    {
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", new Deciding(status)));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync(Good + "\r\n");
        Assert.That(await ReadHeadAsync(client), Does.StartWith($"HTTP/1.1 {status} ").And.Not.Contain("Sec-WebSocket-Accept"));
    }

    [TestCase("", 400)]
    [TestCase("Sec-WebSocket-Protocol: other\r\n", 400)]
    [TestCase("Sec-WebSocket-Protocol: other, mine\r\n", 101)]
    public async Task Required_subprotocol_is_offered_or_the_client_is_refused(string field, int status)
    {
        var options = new WebSocketEndpointOptions { RequireSubProtocol = true, SubProtocols = { "mine" } };
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", new EchoHandler(), options));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync($"{Good}{field}\r\n");
        Assert.That(await ReadHeadAsync(client), Does.StartWith($"HTTP/1.1 {status} "));
    }

    [Test]
    public async Task Lists_of_the_options_are_read_when_the_endpoint_is_mapped()
    {
        var options = new WebSocketEndpointOptions { AllowedOrigins = { "https://good.example" } };
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", new EchoHandler(), options));
        options.AllowedOrigins.Clear();
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync($"{Good}Origin: https://evil.example\r\n\r\n");
        Assert.That(await ReadHeadAsync(client), Does.StartWith("HTTP/1.1 403 "));
    }

    [Test]
    public async Task CWE_1385_foreign_origin_gets_403()
    {
        var options = new WebSocketEndpointOptions { RequireSameOrigin = true };
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", new EchoHandler(), options));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync(Good + "Origin: http://evil.example\r\nCookie: session=1\r\n\r\n");
        Assert.That(await ReadHeadAsync(client), Does.StartWith("HTTP/1.1 403 "));
    }

    [Test]
    public async Task Upgrade_can_wait_attach_data_add_headers_and_choose_the_subprotocol()
    {
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", new Doorman()));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(Good.Replace("/chat", "/chat?user=ann", StringComparison.Ordinal) + "Sec-WebSocket-Protocol: a, b\r\n\r\n"), .. Wire.Text("who"), .. Wire.Close(1000)]);
        string all = Encoding.Latin1.GetString(await ReadToEndAsync(client));
        int end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        Assert.That(all[..end], Does.Contain("Sec-WebSocket-Protocol: b\r\n").And.Contain("X-Door: open\r\n"));
        Assert.That(Wire.Read(Encoding.Latin1.GetBytes(all[end..])), Is.EqualTo(new[] { "1:welcome ann b", "1:ann", "8:1000" }));
    }

    [Test]
    public async Task Upgrade_can_be_refused_with_any_status_and_the_connection_serves_on()
    {
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", new Doorman()));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync(Good + "\r\n");
        Assert.That(await ReadHeadAsync(client), Does.StartWith("HTTP/1.1 401 ").And.Contain("X-Door: closed"));
    }

    [Test]
    public async Task Reading_function_echoes()
    {
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", async (socket, ct) =>
        {
            await foreach (ReceivedMessage message in socket.ReadAllAsync(ct))
            {
                await socket.SendAsync(message, ct);
            }
        }));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(Good + "\r\n"), .. Wire.Text("one"), .. Wire.Frame(2, "two"u8), .. Wire.Close(1000)]);
        string all = Encoding.Latin1.GetString(await ReadToEndAsync(client));
        Assert.That(Wire.Read(Encoding.Latin1.GetBytes(all[(all.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])), Is.EqualTo(new[] { "1:one", "2:two", "8:1000" }));
    }

    [Test]
    public async Task Middleware_sees_the_kind_of_the_route_and_may_serve_every_path()
    {
        HttpHandler echo = WebSocketRoutes.CreateHandler(new EchoHandler());
        RouteKind seen = default;
        await using SocketServer server = await SocketServer.StartAsync(http => http
            .Use((context, next) =>
            {
                seen = context.RouteKind;
                return context.Upgrade?.HasToken("websocket") == true ? echo(context) : next(context);
            })
            .MapWebSocket("/chat", new EchoHandler()));
        foreach (string path in new[] { "/chat", "/any/where" })
        {
            await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
            await client.SendAsync(Good.Replace("/chat", path, StringComparison.Ordinal) + "\r\n");
            Assert.That(await ReadHeadAsync(client), Does.StartWith("HTTP/1.1 101 "));
            Assert.That(seen, Is.EqualTo(path == "/chat" ? RouteKind.WebSocket : RouteKind.None));
        }
    }

    [Test]
    public async Task Reading_function_knows_its_request_and_refuses_by_it()
    {
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket<string>(
            "/rooms/{room}",
            async upgrade =>
            {
                await Task.Yield();
                HttpRequest request = upgrade.Context.Request;
                if (request.GetQueryValue("user") is not { } user)
                {
                    upgrade.Refuse(401);
                    return;
                }

                upgrade.Data = $"{user} in {upgrade.Context.RouteParameters["room"]} by {request.Headers["X-Way"]}";
            },
            async (socket, ct) =>
            {
                await foreach (ReceivedMessage message in socket.ReadAllAsync(ct))
                {
                    await socket.SendTextAsync($"{socket.Data}: {message.GetText()}", cancellationToken: ct);
                }
            }));
        string good = Good.Replace("/chat", "/rooms/blue?user=ann", StringComparison.Ordinal) + "X-Way: door\r\n\r\n";
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(good), .. Wire.Text("hi"), .. Wire.Close(1000)]);
        string all = Encoding.Latin1.GetString(await ReadToEndAsync(client));
        Assert.That(Wire.Read(Encoding.Latin1.GetBytes(all[(all.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]))[0], Is.EqualTo("1:ann in blue by door: hi"));
        await using RawClient stranger = await RawClient.ConnectAsync(server.EndPoint);
        await stranger.SendAsync(good.Replace("?user=ann", "", StringComparison.Ordinal));
        Assert.That(await ReadHeadAsync(stranger), Does.StartWith("HTTP/1.1 401 "));
    }

    [Test]
    public async Task Compression_is_agreed_on_where_the_endpoint_has_it()
    {
        var options = new WebSocketEndpointOptions { Compression = new WebSocketCompressionOptions() };
        await using SocketServer server = await SocketServer.StartAsync(http => http.MapWebSocket("/chat", new EchoHandler(), options));
        await using RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync(Good + "Sec-WebSocket-Extensions: x-unknown\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n");
        Assert.That(await ReadHeadAsync(client), Does.Contain("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"));
    }

    private static async Task<string> ReadHeadAsync(RawClient client) => Encoding.Latin1.GetString(await client.ReadUntilAsync("\r\n\r\n"));

    private static async Task<byte[]> ReadToEndAsync(RawClient client) => await client.ReadToEndAsync();

    private sealed class Doorman : WebSocketHandler<string>
    {
        public override async ValueTask OnUpgradeAsync(WebSocketUpgrade<string> upgrade)
        {
            string? user = upgrade.Context.Request.GetQueryValue("user");
            await Task.Delay(5);
            if (user is null)
            {
                upgrade.Refuse(401);
                upgrade.Context.Response.Headers.Set("X-Door", "closed");
                return;
            }

            upgrade.Data = user;
            upgrade.SubProtocol = upgrade.RequestedSubProtocols[^1];
            upgrade.Context.Response.Headers.Set("X-Door", "open");
        }

        public override void OnOpen(WebSocketConnection<string> socket) => socket.TrySendText($"welcome {socket.Data} {socket.SubProtocol}");

        public override ValueTask OnMessage(WebSocketConnection<string> socket, WebSocketMessage message)
        {
            socket.TrySendText(socket.Data);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Deciding(int status) : WebSocketHandler<int>
    {
        public override ValueTask OnUpgradeAsync(WebSocketUpgrade<int> upgrade)
        {
            upgrade.Context.Response.StatusCode = status;
            return ValueTask.CompletedTask;
        }

        public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message) => ValueTask.CompletedTask;
    }
}
