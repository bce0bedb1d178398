using System.Net.WebSockets;
using System.Text;

namespace Engine.WebSockets.Tests;

/// <summary>The framework's own client against the server, over real sockets.</summary>
[Category("Interop")]
public sealed class ClientWebSocketTests
{
    private static readonly int[] Sizes = [0, 1, 125, 126, 127, 1_000, 65_535, 65_536, 100_000, 1 << 20, 16 << 20];

    [Test]
    [CancelAfter(60_000)]
    public async Task Messages_of_every_size_are_echoed([Values("plain", "deflate", "takeover")] string mode, CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync(options => Configure(options, mode));
        using ClientWebSocket client = await ConnectAsync(server, mode, cancellation);
        foreach (int size in Sizes)
        {
            foreach (WebSocketMessageType type in new[] { WebSocketMessageType.Text, WebSocketMessageType.Binary })
            {
                byte[] message = type == WebSocketMessageType.Text ? Text(size) : Noise(size);
                Task sending = client.SendAsync(message, type, true, cancellation);
                (WebSocketMessageType backType, byte[] back) = await ReceiveAsync(client, cancellation);
                await sending;
                Assert.That(backType, Is.EqualTo(type));
                Assert.That(back.AsSpan().SequenceEqual(message), Is.True, $"{type} of {size}");
            }
        }

        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", cancellation);
        Assert.That(client.CloseStatus, Is.EqualTo(WebSocketCloseStatus.NormalClosure));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Fragmented_messages_are_joined([Values("plain", "deflate", "takeover")] string mode, [Values(1, 7, 1_000)] int fragment, CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync(options => Configure(options, mode));
        using ClientWebSocket client = await ConnectAsync(server, mode, cancellation);
        byte[] message = Text(fragment * 40);
        for (int at = 0; at < message.Length; at += fragment)
        {
            int count = Math.Min(fragment, message.Length - at);
            await client.SendAsync(message.AsMemory(at, count), WebSocketMessageType.Text, at + count == message.Length, cancellation);
        }

        (WebSocketMessageType type, byte[] back) = await ReceiveAsync(client, cancellation);
        Assert.That(type, Is.EqualTo(WebSocketMessageType.Text));
        Assert.That(Encoding.UTF8.GetString(back), Is.EqualTo(Encoding.UTF8.GetString(message)));
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Many_messages_in_flight_keep_their_order([Values("plain", "deflate", "takeover")] string mode, CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync(options => Configure(options, mode));
        using ClientWebSocket client = await ConnectAsync(server, mode, cancellation);
        const int Count = 2_000;
        Task sending = SendAllAsync();
        for (int i = 0; i < Count; i++)
        {
            (_, byte[] back) = await ReceiveAsync(client, cancellation);
            Assert.That(Encoding.UTF8.GetString(back), Is.EqualTo(Message(i)));
        }

        await sending;

        static string Message(int i) => $"{i}:" + new string((char)('a' + (i % 26)), i % 700);

        async Task SendAllAsync()
        {
            for (int i = 0; i < Count; i++)
            {
                await client.SendAsync(Encoding.UTF8.GetBytes(Message(i)), WebSocketMessageType.Text, true, cancellation);
            }
        }
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Server_that_stops_closes_with_1001_and_waits_for_the_answer(CancellationToken cancellation)
    {
        SocketServer server = await SocketServer.StartAsync();
        using ClientWebSocket client = await ConnectAsync(server, "plain", cancellation);
        Task stopping = server.Engine.StopAsync(TimeSpan.FromSeconds(10), cancellation);
        WebSocketReceiveResult result = await client.ReceiveAsync(new ArraySegment<byte>(new byte[10]), cancellation);
        Assert.That(result.CloseStatus, Is.EqualTo(WebSocketCloseStatus.EndpointUnavailable));
        await client.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, cancellation);
        client.Dispose();
        await stopping;
        Assert.That(server.Engine.ConnectionCount, Is.Zero);
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Subprotocol_is_agreed_on(CancellationToken cancellation)
    {
        await using SocketServer server = await SocketServer.StartAsync(options => options.SubProtocols.Add("chat.v2"));
        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol("chat.v1");
        client.Options.AddSubProtocol("chat.v2");
        await client.ConnectAsync(server.Uri, cancellation);
        Assert.That(client.SubProtocol, Is.EqualTo("chat.v2"));
    }

    private static void Configure(WebSocketEndpointOptions options, string mode)
    {
        if (mode != "plain")
        {
            bool takeover = mode == "takeover";
            options.Compression = new WebSocketCompressionOptions { ServerContextTakeover = takeover, ClientContextTakeover = takeover, ThresholdBytes = 0 };
        }
    }

    private static async Task<ClientWebSocket> ConnectAsync(SocketServer server, string mode, CancellationToken cancellation)
    {
        var client = new ClientWebSocket();
        if (mode != "plain")
        {
            client.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        }

        await client.ConnectAsync(server.Uri, cancellation);
        return client;
    }

    private static async Task<(WebSocketMessageType Type, byte[] Message)> ReceiveAsync(ClientWebSocket client, CancellationToken cancellation)
    {
        var message = new MemoryStream();
        byte[] buffer = new byte[65_536];
        while (true)
        {
            WebSocketReceiveResult result = await client.ReceiveAsync(new ArraySegment<byte>(buffer), cancellation);
            message.Write(buffer, 0, result.Count);
            if (result.EndOfMessage)
            {
                return (result.MessageType, message.ToArray());
            }
        }
    }

    /// <summary>Text of code points of every length, from every plane.</summary>
    private static byte[] Text(int size)
    {
        string[] points = ["a", "\u00E9", "\u20AC", "\U0001F600", "\U00020000", "\U000E0041", "\U0010FFFD", "z"];
        var text = new MemoryStream();
        for (int i = 0; text.Length < size; i++)
        {
            byte[] point = Encoding.UTF8.GetBytes(points[i % points.Length]);
            text.Write(text.Length + point.Length <= size ? point : "x"u8.ToArray());
        }

        return text.ToArray();
    }

    private static byte[] Noise(int size)
    {
        byte[] noise = new byte[size];
        new Random(size).NextBytes(noise);
        return noise;
    }
}
