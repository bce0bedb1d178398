using System.Text;

namespace Engine.Tests;

/// <summary>Payloads that are sent by reference: whole, in order, and given back in every case.</summary>
[CancelAfter(30_000)]
public sealed class SharedSendTests
{
    private int _released;
    private MemoryServer _server = null!;
    private MemoryPeer _peer = null!;
    private Connection _connection = null!;

    [SetUp]
    public void Start()
    {
        _released = 0;
        var protocol = new ProbeProtocol();
        _server = new MemoryServer(new ServerOptions(), _ => protocol);
        _peer = _server.Connect();
        _connection = protocol.Started.GetAwaiter().GetResult();
    }

    [TearDown]
    public void Nothing_is_left()
    {
        _connection.Abort();
        _server.RunUntilIdle();
        Assert.That(_server.Engine.Metrics.RentedSegments, Is.Zero);
    }

    [TestCase(10)]
    [TestCase(10_000)]
    [TestCase(300_000)]
    public async Task A_payload_that_waits_for_room_comes_whole_between_its_parts(int length)
    {
        _peer.RoomBytes = 0;
        _connection.TrySend(new byte[65_000]);
        SharedSegment payload = Segment(length);
        ValueTask<SendStatus> sending = _connection.SendAsync("<"u8, payload, new byte[1000]);
        ValueTask<SendStatus> behind = _connection.SendAsync("["u8, payload, "]"u8);
        payload.Release();
        _server.RunUntilIdle();
        Assert.That(sending.IsCompleted, Is.False);
        Assert.That(_released, Is.Zero);
        for (int i = 0; i < 1000 && !behind.IsCompleted; i++)
        {
            _peer.AddRoom(5_001);
            _server.RunUntilIdle();
        }

        Assert.That(await sending, Is.EqualTo(SendStatus.Sent).Or.EqualTo(SendStatus.Queued));
        Assert.That(await behind, Is.EqualTo(SendStatus.Sent).Or.EqualTo(SendStatus.Queued));
        _peer.AddRoom(1_000_000);
        _server.RunUntilIdle();
        Assert.That(_released, Is.EqualTo(1));
        string text = Encoding.ASCII.GetString(_peer.TakeReceived())[65_000..];
        Assert.That(text, Is.EqualTo($"<{Text(length)}{new string('\0', 1000)}[{Text(length)}]"));
    }

    [Test]
    public void A_payload_whose_sending_is_cancelled_sends_nothing_and_is_given_back()
    {
        _peer.RoomBytes = 0;
        _connection.TrySend(new byte[65_000]);
        using var cancelling = new CancellationTokenSource();
        SharedSegment payload = Segment(5000);
        ValueTask<SendStatus> sending = _connection.SendAsync("<"u8, payload, ">"u8, cancelling.Token);
        payload.Release();
        _server.RunUntilIdle();
        cancelling.Cancel();
        Assert.That(sending.IsCanceled, Is.True);
        _peer.AddRoom(1_000_000);
        _server.RunUntilIdle();
        Assert.That(_peer.TakeReceived(), Has.Length.EqualTo(65_000));
        Assert.That(_released, Is.EqualTo(1));
        SharedSegment late = Segment(5000);
        Assert.That(_connection.SendAsync([], late, [], cancelling.Token).AsTask().IsCanceled, Is.True);
        late.Release();
        Assert.That(_released, Is.EqualTo(2));
    }

    [Test]
    public async Task A_payload_that_waits_when_the_connection_ends_is_given_back()
    {
        _peer.RoomBytes = 100;
        SharedSegment payload = Segment(200_000);
        ValueTask<SendStatus> begun = _connection.SendAsync([], payload);
        ValueTask<SendStatus> waiting = _connection.SendAsync([], payload);
        payload.Release();
        _server.RunUntilIdle();
        _peer.Reset();
        _server.RunUntilIdle();
        Assert.That(await begun, Is.EqualTo(SendStatus.Closed));
        Assert.That(await waiting, Is.EqualTo(SendStatus.Closed));
        Assert.That(_released, Is.EqualTo(1));
        SharedSegment late = Segment(10);
        Assert.That(await _connection.SendAsync([], late), Is.EqualTo(SendStatus.Closed));
        late.Release();
        Assert.That(_released, Is.EqualTo(2));
    }

    [Test]
    public void A_segment_begins_anew_only_when_nobody_holds_it()
    {
        SharedSegment segment = Segment(10);
        segment.AddReference();
        segment.Release();
        Assert.That(() => segment.Renew(new byte[1]), Throws.InvalidOperationException);
        segment.Release();
        Assert.That(() => segment.Memory, Throws.InstanceOf<ObjectDisposedException>());
        segment.Renew("again"u8.ToArray());
        Assert.That(Encoding.ASCII.GetString(segment.Memory.Span), Is.EqualTo("again"));
        segment.Release();
        Assert.That(_released, Is.EqualTo(2));
    }

    [Test]
    public void Connections_of_one_loop_know_each_other()
    {
        var protocol = new ProbeProtocol();
        var other = new MemoryServer(new ServerOptions(), _ => protocol);
        MemoryPeer peer = other.Connect();
        Connection stranger = protocol.Started.GetAwaiter().GetResult();
        Assert.That(_connection.SharesLoopWith(_connection), Is.True);
        Assert.That(_connection.SharesLoopWith(stranger), Is.False, "another server's loop of the same number");
        peer.Reset();
        other.RunUntilIdle();
    }

    private static string Text(int length) => string.Create(length, 0, static (text, _) =>
    {
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = (char)('a' + (i % 23));
        }
    });

    private SharedSegment Segment(int length) => SharedSegment.Wrap(Encoding.ASCII.GetBytes(Text(length)), _ => _released++);
}
