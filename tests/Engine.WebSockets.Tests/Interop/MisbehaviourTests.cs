using System.Text;
using Engine.TestKit;

namespace Engine.WebSockets.Tests;

/// <summary>Peers that mean harm, over real sockets: each is bounded, and others are not disturbed.</summary>
[Category("Fault")]
[CancelAfter(60_000)]
public sealed class MisbehaviourTests
{
    private const string Handshake =
        "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

    private static readonly TransportKind[] Transports = OperatingSystem.IsLinux() ? [TransportKind.Sockets, TransportKind.Epoll] : [TransportKind.Sockets];

    [Test]
    public async Task CVE_2026_62901_lengths_beyond_any_limit_are_refused_by_the_header_alone([ValueSource(nameof(Transports))] TransportKind transport)
    {
        await using SocketServer server = await SocketServer.StartAsync(transport: transport);
        foreach ((string length, int code) in new[] { ("0000000100000000", 1009), ("7FFFFFFFFFFFFFFF", 1009), ("FFFFFFFFFFFFFFFF", 1002), ("8000000000000000", 1002) })
        {
            await using RawClient client = await OpenAsync(server);
            await client.SendAsync((byte[])[0x82, 0xFF, .. Convert.FromHexString(length), 1, 2, 3, 4]);
            Assert.That(Wire.Read(await client.ReadToEndAsync())[0], Does.StartWith($"8:{code}"), length);
        }
    }

    [Test]
    public async Task Bomb_is_refused_while_others_are_served([ValueSource(nameof(Transports))] TransportKind transport)
    {
        await using SocketServer server = await SocketServer.StartAsync(options => options.Compression = new WebSocketCompressionOptions(), transport: transport);
        await using RawClient good = await OpenAsync(server);
        await using RawClient bad = await OpenAsync(server, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        using var deflate = new DeflateContext(15, 9);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await bad.SendAsync(Wire.Frame(2, DeflateContextTests.Compress(deflate, new byte[100 << 20], keepHistory: false), rsv: 4));
        Assert.That(Wire.Read(await bad.ReadToEndAsync())[0], Does.StartWith("8:1009"));
        await good.SendAsync(Wire.Text("fine"));
        Assert.That(Wire.Read(await good.ReadExactlyAsync(6)), Is.EqualTo(new[] { "1:fine" }));
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(200 << 20));
    }

    [Test]
    public async Task Flood_of_pings_is_answered_in_order_to_one_who_reads([ValueSource(nameof(Transports))] TransportKind transport)
    {
        await using SocketServer server = await SocketServer.StartAsync(transport: transport);
        await using RawClient client = await OpenAsync(server);
        client.Timeout = TimeSpan.FromSeconds(30);
        byte[] flood = [.. Enumerable.Range(0, 20_000).SelectMany(i => Wire.Frame(9, Encoding.ASCII.GetBytes($"{i:d5}"))), .. Wire.Close(1000)];
        Task sending = client.SendAsync(flood);
        List<string> frames = Wire.Read(await client.ReadToEndAsync());
        await sending;
        int[] pongs = [.. frames[..^1].Select(frame => int.Parse(frame[3..], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.That(pongs, Is.Ordered.And.Unique);
        Assert.That(frames[^1], Is.EqualTo("8:1000"));
    }

    [Test]
    public async Task Peer_that_never_answers_close_is_gone_after_the_timeout([ValueSource(nameof(Transports))] TransportKind transport)
    {
        await using SocketServer server = await SocketServer.StartAsync(options => options.CloseTimeout = TimeSpan.FromMilliseconds(300), handler: new CloseAtOnce(), transport: transport);
        await using RawClient client = await OpenAsync(server);
        byte[] frame = await client.ReadExactlyAsync(4);
        Assert.That(Wire.Read(frame), Is.EqualTo(new[] { "8:1000" }));
        long end = Environment.TickCount64 + 10_000;
        while (server.Engine.ConnectionCount > 0 && Environment.TickCount64 < end)
        {
            await Task.Delay(20);
        }

        Assert.That(server.Engine.ConnectionCount, Is.Zero);
    }

    [Test]
    public async Task Mutated_frames_over_a_socket_end_in_a_close_code_or_an_echo_and_leave_nothing([ValueSource(nameof(Transports))] TransportKind transport)
    {
        int count = int.Parse(Environment.GetEnvironmentVariable("ENGINE_FUZZ_SOCKET") ?? "150", System.Globalization.CultureInfo.InvariantCulture);
        await using SocketServer server = await SocketServer.StartAsync(options => options.Compression = new WebSocketCompressionOptions(), transport: transport);
        List<Exception> faults = [];
        server.Engine.HandlerFailed += (_, exception) => faults.Add(exception);
        var random = new Random(4711);
        byte[] seed = [.. Wire.Text("fuzz", fin: false), .. Wire.Frame(9, "p"u8), .. Wire.Frame(0, new byte[200]), .. Wire.Frame(2, [1, 2, 3], rsv: 4), .. Wire.Close(1000)];
        for (int i = 0; i < count; i++)
        {
            byte[] input = (byte[])seed.Clone();
            for (int changes = random.Next(1, 5); changes > 0; changes--)
            {
                input[random.Next(input.Length)] = (byte)random.Next(256);
            }

            await using RawClient client = await OpenAsync(server, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
            await client.SendAsync(input);
            client.CloseSend();
            _ = await client.ReadToEndAsync();
        }

        Assert.That(faults, Is.Empty);
        long end = Environment.TickCount64 + 10_000;
        while (server.Engine.ConnectionCount > 0 && Environment.TickCount64 < end)
        {
            await Task.Delay(20);
        }

        Assert.That(server.Engine.ConnectionCount + server.Engine.Metrics.RentedSegments + server.Engine.Metrics.RentedRemainders, Is.Zero);
    }

    private static async Task<RawClient> OpenAsync(SocketServer server, string more = "")
    {
        RawClient client = await RawClient.ConnectAsync(server.EndPoint);
        await client.SendAsync(Handshake + more + "\r\n");
        string head = Encoding.Latin1.GetString(await client.ReadUntilAsync("\r\n\r\n"));
        Assert.That(head, Does.StartWith("HTTP/1.1 101 "));
        return client;
    }

    private sealed class CloseAtOnce : WebSocketHandler<int>
    {
        public override void OnOpen(WebSocketConnection<int> socket) => socket.Close();

        public override ValueTask OnMessage(WebSocketConnection<int> socket, WebSocketMessage message) => ValueTask.CompletedTask;
    }
}
