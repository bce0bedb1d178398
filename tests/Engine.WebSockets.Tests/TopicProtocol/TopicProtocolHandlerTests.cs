using System.Net;
using System.Net.WebSockets;
using System.Text;
using Engine.Http1;

namespace Engine.WebSockets.Tests;

/// <summary>Who may speak topics.v1, hear and publish; presence; and what a client that reads nothing is told. The dialogue itself is played from its document.</summary>
[TestFixture(TransportKind.Sockets)]
[TestFixture(TransportKind.Epoll)]
[CancelAfter(60_000)]
public sealed class TopicProtocolHandlerTests(TransportKind transport)
{
    private TopicHub _hub = null!;
    private HttpServer _server = null!;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [TearDown]
    public async Task StopAsync()
    {
        await _server.StopAsync(TimeSpan.FromSeconds(1));
        Assert.That(_server.Engine.Metrics.RentedSegments, Is.Zero);
        await _server.DisposeAsync();
        _hub.Dispose();
    }

    [Test]
    public async Task Who_is_not_known_is_refused_by_the_status_that_the_host_sets_or_403([Values(0, 401)] int status)
    {
        await StartAsync(new TopicProtocolOptions
        {
            AuthenticateAsync = context =>
            {
                context.Response.StatusCode = status == 0 ? context.Response.StatusCode : status;
                return ValueTask.FromResult<TopicPeer?>(null);
            },
        });
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(TopicProtocolRoutes.SubProtocol);
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThatAsync(() => socket.ConnectAsync(Address, Cancellation), Throws.TypeOf<WebSocketException>());
        Assert.That((int)socket.HttpStatusCode, Is.EqualTo(status == 0 ? 403 : status));
    }

    [Test]
    public async Task Each_subscription_and_publication_is_asked_for()
    {
        await StartAsync(new TopicProtocolOptions
        {
            AuthenticateAsync = static _ => ValueTask.FromResult<TopicPeer?>(new TopicPeer { User = "ann" }),
            AuthorizeSubscribeAsync = static async (peer, topic) =>
            {
                await Task.Yield();
                return (string?)peer.User == "ann" && topic == "s.open";
            },
            AuthorizePublishAsync = static (_, topic) => ValueTask.FromResult(topic == "s.open"),
        });
        using ClientWebSocket socket = await OpenAsync();
        Assert.That(await AskAsync(socket, "{\"type\":\"subscribe\",\"id\":1,\"topic\":\"s.open\"}"), Does.Contain("\"subscribed\""));
        Assert.That(await AskAsync(socket, "{\"type\":\"subscribe\",\"id\":2,\"topic\":\"s.closed\"}"), Does.Contain("\"forbidden\""));
        Assert.That(await AskAsync(socket, "{\"type\":\"publish\",\"id\":3,\"topic\":\"s.closed\",\"text\":\"x\"}"), Does.Contain("\"forbidden\""));
        Assert.That(await AskAsync(socket, "{\"type\":\"publish\",\"id\":4,\"topic\":\"s.open\",\"text\":\"x\"}"), Does.Contain("\"published\""));
        Assert.That(_hub.SubscriberCount("s.open"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_member_is_seen_by_others_and_its_leave_too()
    {
        await StartAsync(new TopicProtocolOptions
        {
            AuthenticateAsync = static context => ValueTask.FromResult<TopicPeer?>(new TopicPeer { MemberName = context.Request.GetQueryValue("name"), MemberInfo = "{\"is\":1}"u8.ToArray() }),
        });
        using ClientWebSocket watcher = await OpenAsync();
        Assert.That(await AskAsync(watcher, "{\"type\":\"subscribe\",\"topic\":\"p.room@presence\"}"), Does.Contain("\"subscribed\""));
        using (ClientWebSocket ann = await OpenAsync("?name=ann"))
        {
            await AskAsync(ann, "{\"type\":\"subscribe\",\"topic\":\"p.room\"}");
            Assert.That(await ReceiveAsync(watcher), Does.Contain("\"key\":\"ann\"").And.Contain("{\"is\":1}"));
            ann.Abort();
        }

        string left;
        do
        {
            left = await ReceiveAsync(watcher);
        }
        while (!left.Contains("\"key\":\"ann\"", StringComparison.Ordinal));
        Assert.That(left, Does.Contain("\"removed\":true"));
    }

    [Test]
    public async Task A_client_that_does_not_read_is_told_what_it_missed_and_goes_on()
    {
        await StartAsync(new TopicProtocolOptions());
        using ClientWebSocket socket = await OpenAsync();
        await AskAsync(socket, "{\"type\":\"subscribe\",\"topic\":\"s.small\"}");
        string text = new('x', 2_000);
        for (int i = 0; i < 8_000; i++)
        {
            _hub.Publish("s.small", text);
        }

        _hub.Publish("s.small", "last");
        ulong last = 0;
        bool sawGap = false;
        while (true)
        {
            string message = await ReceiveAsync(socket);
            ulong offset = ulong.Parse(message.Split(message.Contains("\"gap\"", StringComparison.Ordinal) ? "\"to\":\"" : "\"position\":\"")[1].Split('"')[0].Split('-')[1], System.Globalization.CultureInfo.InvariantCulture);
            if (message.Contains("\"gap\"", StringComparison.Ordinal))
            {
                sawGap = true;
                last = offset;
                continue;
            }

            Assert.That(ulong.Parse(message.Split("\"previous\":")[1].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture), Is.EqualTo(last), "no hole that was not told");
            last = offset;
            if (message.Contains("\"last\"", StringComparison.Ordinal))
            {
                break;
            }
        }

        Assert.That(sawGap, Is.True);
    }

    private Uri Address => new($"ws://{_server.EndPoint}/topics");

    private static async Task<string> AskAsync(ClientWebSocket socket, string text)
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, Cancellation);
        return await ReceiveAsync(socket);
    }

    private static async Task<string> ReceiveAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[16_384];
        ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
        Assert.That((result.MessageType, result.EndOfMessage), Is.EqualTo((WebSocketMessageType.Text, true)));
        return Encoding.UTF8.GetString(buffer, 0, result.Count);
    }

    private async Task StartAsync(TopicProtocolOptions options)
    {
        var presence = new PresenceOptions { Window = TimeSpan.FromMilliseconds(20), Grace = TimeSpan.FromMilliseconds(20) };
        _hub = new TopicHub(new TopicHubOptions()
            .Add("s.small", new TopicOptions(TopicKind.Stream) { MaxMessages = 20 })
            .Add("s.>", new TopicOptions(TopicKind.Stream))
            .Add("p.>", new TopicOptions(TopicKind.Stream) { Presence = presence }));
        _server = new HttpServer(new HttpServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Transport = transport, LoopCount = 2 });
        _server.MapTopicProtocol("/topics", _hub, options);
        await _server.StartAsync();
    }

    private async Task<ClientWebSocket> OpenAsync(string query = "")
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(TopicProtocolRoutes.SubProtocol);
        await socket.ConnectAsync(new Uri(Address + query), Cancellation);
        return socket;
    }
}
