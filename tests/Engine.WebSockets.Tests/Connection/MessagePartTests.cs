namespace Engine.WebSockets.Tests;

/// <summary>Messages that are read as they arrive.</summary>
[Category("Memory")]
public sealed class MessagePartTests
{
    private const int MaxUnreadBytes = 4_096;

    private readonly List<string> _seen = [];

    [Test]
    public void Parts_of_a_message_come_as_they_arrive([Values] bool isOneFrame)
    {
        (MemoryServer server, MemoryPeer peer) = Serve(ReadPartsAsync);
        byte[] frame = Wire.Frame(2, new byte[10]);
        if (isOneFrame)
        {
            peer.Send(frame.AsSpan(0, 10));
            server.RunUntilIdle();
            Assert.That(_seen, Is.EqualTo(new[] { "4 more" }));
            peer.Send(frame.AsSpan(10));
        }
        else
        {
            peer.Send(Wire.Frame(2, new byte[4], fin: false));
            server.RunUntilIdle();
            Assert.That(_seen, Is.EqualTo(new[] { "4 more" }));
            peer.Send(Wire.Frame(0, new byte[6]));
        }

        server.RunUntilIdle();
        peer.Send(Wire.Text("whole"));
        server.RunUntilIdle();
        Assert.That(_seen, Is.EqualTo(new[] { "4 more", "6 last", "5 last" }));
    }

    [Test]
    public void Message_that_is_longer_than_the_bound_is_read_in_bounded_memory()
    {
        var sizes = new List<int>();
        (MemoryServer server, MemoryPeer peer) = Serve(async (socket, ct) =>
        {
            while (await socket.ReceivePartAsync(ct) is { } part)
            {
                sizes.Add(part.Data.Length);
                await Task.Yield();
            }
        });
        peer.SendInPieces([.. Wire.Frame(2, new byte[1 << 20], fin: false), .. Wire.Frame(0, new byte[1 << 20])], 32_768);
        Assert.That(server.RunUntil(() => sizes.Sum() == 2 << 20, TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(sizes.Max(), Is.LessThanOrEqualTo(70_000));
        Assert.That(sizes, Has.Count.GreaterThan(20));
    }

    [Test]
    public void Part_that_arrived_before_it_was_asked_for_is_handed_out_and_the_rest_follows()
    {
        var go = new TaskCompletionSource();
        (MemoryServer server, MemoryPeer peer) = Serve(async (socket, ct) =>
        {
            await go.Task;
            await ReadPartsAsync(socket, ct);
        });
        peer.Send([.. Wire.Text("first"), .. Wire.Text("ab", fin: false)]);
        server.RunUntilIdle();
        go.SetResult();
        Assert.That(server.RunUntil(() => _seen.Count == 2, TimeSpan.FromSeconds(5)), Is.True);
        peer.Send(Wire.Frame(0, "c"u8));
        server.RunUntilIdle();
        Assert.That(_seen, Is.EqualTo(new[] { "5 last", "2 more", "1 last" }));
    }

    [Test]
    public void Message_that_was_begun_by_parts_is_not_read_as_a_whole()
    {
        Exception? failure = null;
        (MemoryServer server, MemoryPeer peer) = Serve(async (socket, ct) =>
        {
            await socket.ReceivePartAsync(ct);
            try
            {
                await socket.ReceiveAsync(ct);
            }
            catch (InvalidOperationException exception)
            {
                failure = exception;
            }

            await ReadPartsAsync(socket, ct);
        });
        peer.Send([.. Wire.Text("ab", fin: false), .. Wire.Frame(0, "c"u8, fin: false)]);
        server.RunUntilIdle();
        Assert.That(failure, Is.Not.Null);
        peer.Send(Wire.Frame(0, "d"u8));
        server.RunUntilIdle();
        Assert.That(_seen[^1], Does.EndWith("last"));
        Assert.That(_seen.Sum(one => one[0] - '0'), Is.LessThanOrEqualTo(2));
    }

    [Test]
    public void Text_that_is_broken_in_a_later_part_ends_the_connection()
    {
        (MemoryServer server, MemoryPeer peer) = Serve(ReadPartsAsync);
        peer.Send(Wire.Frame(1, [0xE2, 0x82], fin: false));
        server.RunUntilIdle();
        peer.Send(Wire.Frame(0, [0xAC, (byte)'x'], fin: false));
        server.RunUntilIdle();
        Assert.That(_seen, Is.EqualTo(new[] { "2 more", "2 more" }), "a character may be cut");
        peer.Send(Wire.Frame(0, [0xC3, 0x28]));
        server.RunUntilIdle();
        Assert.That(Wire.Read(peer.TakeReceived()), Is.EqualTo(new[] { "8:1007 text is not UTF-8" }).Or.Some.StartsWith("8:1007"));
    }

    [Test]
    public void Inflated_parts_are_bounded_by_the_message_as_a_whole()
    {
        var endpoint = new ReaderEndpoint<object?>(new WebSocketEndpointOptions { MaxMessageBytes = 100_000, Compression = new WebSocketCompressionOptions() }, ReadPartsAsync);
        (MemoryServer server, MemoryPeer peer) = Start(endpoint, new DeflateAgreement(15, 15, false, false));
        using var context = new DeflateContext(15, 6);
        byte[] packed = DeflateContextTests.Compress(context, new byte[60_000], keepHistory: true);
        peer.Send(Wire.Frame(2, [.. packed, 0, 0, 0xFF, 0xFF], fin: false, rsv: 4));
        server.RunUntilIdle();
        Assert.That(_seen, Is.EqualTo(new[] { "60000 more" }));
        peer.Send(Wire.Frame(0, packed));
        server.RunUntilIdle();
        Assert.That(Wire.Read(peer.TakeReceived()), Has.Some.StartsWith("8:1009"));
    }

    private async Task ReadPartsAsync(WebSocketConnection socket, CancellationToken cancellation)
    {
        while (await socket.ReceivePartAsync(cancellation) is { } part)
        {
            _seen.Add($"{part.Data.Length} {(part.IsLast ? "last" : "more")}");
        }
    }

    [SetUp]
    public void Forget() => _seen.Clear();

    private static (MemoryServer Server, MemoryPeer Peer) Serve(Func<WebSocketConnection, CancellationToken, Task> serve)
        => Start(new ReaderEndpoint<object?>(new WebSocketEndpointOptions { MaxUnreadBytes = MaxUnreadBytes }, serve), default);

    private static (MemoryServer Server, MemoryPeer Peer) Start(WebSocketEndpoint endpoint, DeflateAgreement deflate)
    {
        var server = new MemoryServer(
            new ServerOptions(),
            connection => new WebSocketConnection<object?>(endpoint, connection, null, deflate, null) { Reader = new MessageReader(endpoint.Options.MaxUnreadBytes) }.Protocol);
        return (server, server.Connect());
    }
}
