using System.Text;
using Engine.Http1;

namespace Engine.Sse.Tests;

/// <summary>Streams as dialogues over the in-memory transport.</summary>
public sealed partial class SseStreamTests
{
    private const string Get = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";

    private MemoryServer? _server;
    private MemoryPeer? _peer;
    private List<Exception> _errors = [];

    [Test]
    public void The_head_goes_out_at_once_with_the_fields_that_proxies_and_caches_need()
    {
        Start(static (_, ct) => Task.Delay(Timeout.Infinite, ct), static options => options.AllowOrigin = "https://example.com");
        string head = Ask(Get);
        Assert.That(head, Does.StartWith("HTTP/1.1 200 OK\r\n"));
        Assert.That(head, Does.Contain("Content-Type: text/event-stream\r\n"));
        Assert.That(head, Does.Contain("Cache-Control: no-cache\r\n"));
        Assert.That(head, Does.Contain("X-Accel-Buffering: no\r\n"));
        Assert.That(head, Does.Contain("Access-Control-Allow-Origin: https://example.com\r\n"));
        Assert.That(head, Does.EndWith("\r\n\r\n"));
    }

    [Test]
    public void Each_event_is_one_chunk_and_the_stream_ends_with_its_handler()
    {
        Start(static async (stream, ct) =>
        {
            await stream.SendAsync(new SseEvent("one") { Id = "1" }, ct);
            await stream.SendBinaryAsync([1, 2, 3], cancellationToken: ct);
            Assert.That(stream.EventCount, Is.EqualTo(2));
        });
        Assert.That(Ask(Get), Does.EndWith("\r\n\r\n11\r\nid: 1\ndata: one\n\n\r\nc\r\ndata: AQID\n\n\r\n0\r\n\r\n"));
    }

    [Test]
    public void HTTP_1_0_gets_the_events_without_chunks()
    {
        Start(static async (stream, ct) => await stream.SendAsync(new SseEvent("one"), ct));
        Assert.That(Ask("GET /events HTTP/1.0\r\n\r\n"), Does.EndWith("\r\n\r\ndata: one\n\n"));
        Assert.That(_peer!.SawFin, Is.True);
    }

    [Test]
    public void Last_event_id_reaches_the_handler()
    {
        string? seen = "none";
        Start((stream, _) =>
        {
            seen = stream.LastEventId;
            return Task.CompletedTask;
        });
        Ask("GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 42\r\n\r\n");
        Assert.That(seen, Is.EqualTo("42"));
        Ask(Get);
        Assert.That(seen, Is.Null);
    }

    [Test]
    public void Last_event_id_is_read_as_UTF_8()
    {
        string? seen = null;
        Start((stream, _) =>
        {
            seen = stream.LastEventId;
            return Task.CompletedTask;
        });
        Ask("GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: …é😀\r\n\r\n");
        Assert.That(seen, Is.EqualTo("…é😀"));
    }

    [TestCase(401)]
    [TestCase(204)]
    public void A_client_may_be_refused_before_the_stream_starts(int status)
    {
        Start(static (_, _) => throw new InvalidOperationException("not reached"), options => options.OnConnectAsync = context =>
        {
            context.Response.StatusCode = status;
            return ValueTask.FromResult(false);
        });
        Assert.That(Ask(Get), Does.StartWith($"HTTP/1.1 {status} ").And.Not.Contain("event-stream"));
        Assert.That(_errors, Is.Empty);
    }

    [Test]
    public void The_handler_is_told_when_the_client_goes_and_leaves_without_an_error()
    {
        var ended = new TaskCompletionSource();
        Start(async (_, ct) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, ct);
            }
            finally
            {
                ended.SetResult();
            }
        });
        Ask(Get);
        _peer!.CloseSend();
        Assert.That(_server!.RunUntil(() => ended.Task.IsCompleted && _server.Engine.ConnectionCount == 0, TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(_errors, Is.Empty);
    }

    [Test]
    public void A_stop_ends_streams_in_order()
    {
        Start(static async (stream, ct) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, ct);
            }
            catch (OperationCanceledException)
            {
                stream.TrySend(new SseEvent("bye"));
                throw;
            }
        }, static options => options.ReconnectWindow = TimeSpan.Zero);
        Ask(Get);
        Task stopping = _server!.Engine.StopAsync(TimeSpan.FromMinutes(1));
        Assert.That(_server.RunUntil(() => _peer!.SawFin, TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(Take(), Is.EqualTo("b\r\ndata: bye\n\n\r\n0\r\n\r\n"));
        Assert.That(stopping.IsFaulted, Is.False);
        Assert.That(_errors, Is.Empty);
    }

    [Test]
    public void An_event_of_ten_megabytes_stays_whole_and_others_behind_it()
    {
        string large = new('x', 10 << 20);
        Start(async (stream, ct) =>
        {
            await stream.SendAsync(new SseEvent(large), ct);
            await stream.SendAsync(new SseEvent("behind"), ct);
        });
        _peer!.RoomBytes = 1000;
        var received = new StringBuilder(Ask(Get));
        for (int i = 0; i < 2000 && !received.ToString(Math.Max(0, received.Length - 10), Math.Min(received.Length, 10)).EndsWith("0\r\n\r\n", StringComparison.Ordinal); i++)
        {
            _peer.AddRoom(1 << 20);
            _server!.RunUntilIdle();
            _server.RunUntil(() => _peer.Received.Length > 0, TimeSpan.FromMilliseconds(50));
            received.Append(Take());
        }

        Assert.That(received.ToString(), Does.Contain($"data: {large}\n\n\r\n").And.EndWith("data: behind\n\n\r\n0\r\n\r\n"));
    }

    [Test]
    public void Prepared_events_are_shared_by_many_and_released_by_all()
    {
        var streams = new List<SseStream>();
        Start((stream, ct) =>
        {
            streams.Add(stream);
            return Task.Delay(Timeout.Infinite, ct);
        });
        var peers = new List<MemoryPeer>();
        for (int i = 0; i < 10; i++)
        {
            _peer = _server!.Connect();
            peers.Add(_peer);
            Ask(Get);
        }

        SharedSegment prepared = SseStream.Prepare(new SseEvent(new string('y', 5000)) { Id = "1" });
        foreach (SseStream stream in streams)
        {
            Assert.That(stream.TrySend(prepared), Is.EqualTo(SendStatus.Sent));
        }

        prepared.Release();
        _server!.RunUntilIdle();
        foreach (MemoryPeer peer in peers)
        {
            Assert.That(Encoding.UTF8.GetString(peer.TakeReceived()), Does.Contain($"id: 1\ndata: {new string('y', 5000)}\n\n\r\n"));
        }

        Assert.That(() => prepared.Memory, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(_server.Engine.Metrics.RentedSegments, Is.Zero);
    }

    [Test]
    public void Comments_and_reconnection_are_no_events()
    {
        long count = -1;
        Start(
            async (stream, ct) =>
            {
                stream.TrySendComment("hello");
                await stream.SendAsync(new SseEvent(null) { Comment = "again" }, ct);
                stream.TrySend(new SseEvent(""));
                await stream.SendAsync(new SseEvent(null) { Utf8Data = "x"u8.ToArray() }, ct);
                count = stream.EventCount;
            },
            static options => options.ReconnectionInterval = TimeSpan.FromSeconds(2));
        Ask(Get);
        Assert.That(count, Is.EqualTo(2));
    }

    [Test]
    public void A_reset_ends_the_stream_at_once()
    {
        SseStream? open = null;
        Start((stream, ct) =>
        {
            open = stream;
            return Task.Delay(Timeout.Infinite, ct);
        });
        Ask(Get);
        CancellationToken closed = open!.Closed;
        _peer!.Reset();
        _server!.RunUntilIdle();
        Assert.That(closed.IsCancellationRequested, Is.True);
        Assert.That(open.IsOpen, Is.False);
        Assert.That(open.TrySend(new SseEvent("late")), Is.EqualTo(SendStatus.Closed));
        Assert.That(_server.RunUntil(() => _server.Engine.ConnectionCount == 0, TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(_errors, Is.Empty);
    }

    [Test]
    public void A_stream_cannot_follow_a_plain_response()
    {
        var refusals = new List<InvalidOperationException>();
        var http = new HttpServer(new HttpServerOptions());
        http.MapGet("/events", async context =>
        {
            await context.Response.WriteAsync("plain");
            refusals.Add(Assert.Throws<InvalidOperationException>(() => context.StartSse())!);
            await context.Response.FlushAsync();
            refusals.Add(Assert.Throws<InvalidOperationException>(() => context.StartSse())!);
        });
        _server = new MemoryServer(http.BuildServerOptions(), http.CreateProtocol);
        _peer = _server.Connect();
        Assert.That(Ask(Get), Does.Contain("plain").And.Not.Contain("text/event-stream"));
        Assert.That(refusals.Select(static refusal => refusal.Message), Is.All.Contains("plain one"));
    }

    [Test]
    public void A_plain_response_cannot_be_mixed_with_a_stream()
    {
        Start(static async (stream, ct) =>
        {
            Assert.That(() => stream.Context.Response.WriteAsync("x", ct), Throws.InvalidOperationException);
            Assert.That(() => stream.Context.StartSse(), Throws.InvalidOperationException);
            await stream.SendAsync(new SseEvent("fine"), ct);
        });
        Assert.That(Ask(Get), Does.EndWith("data: fine\n\n\r\n0\r\n\r\n"));
        Assert.That(_errors, Is.Empty);
    }

    private void Start(SseHandler handler, Action<SseOptions>? configure = null)
    {
        _errors = [];
        var options = new SseOptions();
        configure?.Invoke(options);
        var http = new HttpServer(new HttpServerOptions { OnError = (exception, _) => _errors.Add(exception) });
        http.MapSse("/events", handler, options);
        _server = new MemoryServer(http.BuildServerOptions(), http.CreateProtocol);
        _peer = _server.Connect();
    }

    private string Ask(string request)
    {
        _peer!.Send(Encoding.UTF8.GetBytes(request));
        _server!.RunUntilIdle();
        return Take();
    }

    private string Take() => Encoding.UTF8.GetString(_peer!.TakeReceived());
}
