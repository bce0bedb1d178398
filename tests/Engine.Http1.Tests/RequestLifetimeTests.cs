using System.IO.Pipelines;

namespace Engine.Http1.Tests;

/// <summary>Where a request ends, what it held goes back once, and whoever still holds it reaches nobody else's.</summary>
public sealed class RequestLifetimeTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string ChunkedGet = "GET /fill HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

    [Test]
    public void A_body_broken_while_the_end_of_its_response_waits_for_room_returns_the_context_once([Values] bool isRead)
    {
        var dialogue = new Dialogue(MapFillAndWho);
        MemoryPeer attacker = Fill(dialogue);
        attacker.Send("zz\r\n"u8);
        dialogue.Run();
        if (isRead)
        {
            attacker.AddRoom(int.MaxValue);
        }
        else
        {
            attacker.Reset();
        }

        dialogue.Run();
        Assert.That(AnswersOfTwo(dialogue), Is.EqualTo(new[] { "alice", "mallo" }));
    }

    [Test]
    public void A_response_whose_end_waited_for_room_is_whole_though_its_request_body_was_broken()
    {
        var dialogue = new Dialogue(MapFillAndWho);
        MemoryPeer peer = Fill(dialogue);
        peer.Send("zz\r\n"u8);
        dialogue.Run();
        peer.AddRoom(int.MaxValue);
        dialogue.Run();
        Assert.That(System.Text.Encoding.Latin1.GetString(peer.TakeReceived()), Does.EndWith("\r\n0\r\n\r\n"));
        Assert.That(peer.SawFin, Is.True, "nothing can follow a broken body");
    }

    [Test]
    public void A_response_whose_end_waited_for_room_is_followed_by_the_next_request([Values] bool hasBodyLeft)
    {
        var dialogue = new Dialogue(MapFillAndWho);
        MemoryPeer peer = Fill(dialogue);
        dialogue.Send(hasBodyLeft ? "" : "0\r\n\r\n");
        peer.AddRoom(int.MaxValue);
        dialogue.Run();
        peer.Forget();
        dialogue.Send((hasBodyLeft ? "3\r\nabc\r\n0\r\n\r\n" : "") + "GET /who/next HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.That(dialogue.RunUntil(() => peer.Received.IndexOf("next"u8) >= 0), Is.True);
        Assert.That(dialogue.Errors, Is.Empty);
    }

    [Test]
    public void A_second_return_of_a_context_is_noticed_and_leaves_the_context_alone()
    {
        var loop = new HttpLoop(default, HandlerScheduling.EventLoop);
        HttpContext context = loop.RentContext(out uint lease);
        Assert.That(loop.TryReturn(context, lease), Is.True);
        Assert.That(loop.TryReturn(context, lease), Is.False);
        Assert.That(loop.RentContext(out uint next), Is.SameAs(context));
        Assert.That(loop.TryReturn(context, lease), Is.False, "rented by another request by now");
        Assert.That(loop.RentContext(out _), Is.Not.SameAs(context));
        Assert.That(loop.TryReturn(context, next), Is.True);
    }

    [Test]
    public void A_second_return_of_a_body_is_noticed_and_leaves_the_body_alone()
    {
        var loop = new HttpLoop(default, HandlerScheduling.EventLoop);
        RequestBody body = loop.RentBody(out uint lease);
        Assert.That(loop.TryReturn(body, lease, isShared: false), Is.True);
        Assert.That(loop.RentBody(out _), Is.SameAs(body));
        Assert.That(loop.TryReturn(body, lease, isShared: false), Is.False);
    }

    [Test]
    public void A_context_kept_beyond_its_handler_fails_in_every_use_and_never_becomes_another_request([Values] bool isAsync)
    {
        HttpContext? kept = null;
        HttpRequest? request = null;
        HttpResponse? response = null;
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            if (isAsync)
            {
                await Task.Yield();
            }

            kept = context;
            request = context.Request;
            response = context.Response;
            await context.Response.WriteAsync("first");
        }).MapGet("/second", static context => context.Response.WriteAsync("second")));
        dialogue.Send(Get);
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("first"u8) >= 0), Is.True);
        dialogue.Run();
        Assert.That(() => kept!.Connection, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => response!.WriteAsync("late").AsTask(), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => response!.FlushAsync().AsTask(), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => response!.StatusCode = 404, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => response!.BodyWriter, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => response!.StartStream(), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => request!.Path, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => request!.Headers["Host"], Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => request!.Body, Throws.TypeOf<ObjectDisposedException>());
        dialogue.Take();
        dialogue.Send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.That(dialogue.Take(), Does.EndWith("second"));
        if (isAsync)
        {
            Assert.That(() => response!.WriteAsync("late").AsTask(), Throws.TypeOf<ObjectDisposedException>(), "a context that others held is not used again");
        }
    }

    [Test]
    public void A_body_kept_beyond_its_handler_fails_when_it_is_read_and_never_shows_another_request()
    {
        PipeReader? kept = null;
        var dialogue = new Dialogue(server => server.MapPost("/", async context =>
        {
            kept ??= context.Request.Body;
            await Task.Yield();
            byte[] body = await context.Request.ReadBytesAsync();
            await context.Response.WriteAsync(body);
        }));
        dialogue.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst");
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("first"u8) >= 0), Is.True);
        dialogue.Run();
        dialogue.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nsec");
        Assert.That(async () => await kept!.ReadAsync(), Throws.InstanceOf<InvalidOperationException>());
        dialogue.Send("ond");
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("second"u8) >= 0), Is.True);
    }

    private static void MapFillAndWho(HttpServer server) => server.MapGet("/fill", static context =>
    {
        ResponseStream stream = context.Response.StartStream();
        byte[] block = new byte[1000];
        while (stream.TrySend(block) is SendStatus.Sent or SendStatus.Queued)
        {
        }

        while (stream.TrySend(block.AsSpan(0, 2)) is SendStatus.Sent or SendStatus.Queued)
        {
        }

        return default;
    }).MapGet("/who/{name}", static async context =>
    {
        await Task.Yield();
        await context.Response.WriteAsync(context.RouteParameters["name"]!);
    });

    /// <summary>A peer that reads nothing, whose stream is full when its handler ends, and whose request body is not complete.</summary>
    private static MemoryPeer Fill(Dialogue dialogue)
    {
        dialogue.Peer.RoomBytes = 0;
        dialogue.Send(ChunkedGet);
        return dialogue.Peer;
    }

    /// <summary>What two connections get that ask at the same time.</summary>
    private static string[] AnswersOfTwo(Dialogue dialogue)
    {
        dialogue.Connect();
        MemoryPeer alice = dialogue.Peer;
        dialogue.Connect();
        MemoryPeer mallo = dialogue.Peer;
        alice.Send("GET /who/alice HTTP/1.1\r\nHost: a\r\n\r\n"u8);
        mallo.Send("GET /who/mallo HTTP/1.1\r\nHost: a\r\n\r\n"u8);
        dialogue.Run();
        dialogue.RunUntil(() => alice.Received.Length > 0 && mallo.Received.Length > 0);
        dialogue.Run();
        return [Body(alice), Body(mallo)];
    }

    private static string Body(MemoryPeer peer) => System.Text.Encoding.Latin1.GetString(peer.TakeReceived()).Split("\r\n\r\n", 2) is [_, var body] ? body : "nothing";
}
