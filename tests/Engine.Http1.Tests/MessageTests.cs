using System.Text;

namespace Engine.Http1.Tests;

/// <summary>Bodies, responses and the life of a connection, as dialogues.</summary>
public sealed class MessageTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Test]
    public void RFC_9112_9_3_HTTP_1_1_goes_on_unless_told_otherwise()
    {
        Assert.That(Dialogue.Ask(Get), Does.Not.Contain("Connection:").And.Not.EndWith("<FIN>"));
        Assert.That(Dialogue.Ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n"), Does.Contain("Connection: close\r\n").And.EndWith("<FIN>"));
    }

    [Test]
    public void RFC_9112_9_3_HTTP_1_0_closes_unless_told_otherwise()
    {
        Assert.That(Dialogue.Ask("GET / HTTP/1.0\r\n\r\n"), Does.Contain("Connection: close\r\n").And.EndWith("<FIN>"));
        Assert.That(Dialogue.Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), Does.Contain("Connection: keep-alive\r\n").And.Not.EndWith("<FIN>"));
    }

    [Test]
    public void RFC_9112_6_1_HTTP_1_0_is_never_answered_chunked()
    {
        string answer = Dialogue.Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", MapFlushing);
        Assert.That(answer, Is.EqualTo("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nonetwo<FIN>"));
    }

    [Test]
    public void RFC_9112_7_1_a_response_that_is_flushed_is_chunked()
        => Assert.That(
            Dialogue.Ask(Get, MapFlushing),
            Is.EqualTo("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));

    [Test]
    public void RFC_9112_7_1_2_trailers_stand_behind_a_chunked_body_and_nowhere_else()
    {
        static void Map(HttpServer server) => server.MapGet("/", static async context =>
        {
            await context.Response.WriteAsync("one");
            context.Response.AppendTrailer("X-Check", "42");
            Assert.That(() => context.Response.AppendTrailer("Transfer-Encoding", "x"), Throws.ArgumentException);
        });
        Assert.That(Dialogue.Ask(Get, Map), Does.EndWith("Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nX-Check: 42\r\n\r\n"));
        Assert.That(Dialogue.Ask("GET / HTTP/1.0\r\n\r\n", Map), Does.EndWith("\r\n\r\none<FIN>").And.Not.Contain("X-Check"));
    }

    [Test]
    public void RFC_9110_9_3_2_HEAD_gets_the_fields_of_GET_and_no_body()
    {
        string answer = Dialogue.Ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + Get, static server => server.MapGet("/", static context => context.Response.WriteAsync("hello")));
        const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n";
        Assert.That(answer, Is.EqualTo(Head + Head + "hello"));
    }

    [Test]
    public void RFC_9110_6_4_1_204_and_304_have_no_body([Values(204, 304)] int status)
    {
        string answer = Dialogue.Ask(Get + Get, server => server.MapGet("/", context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync("ignored");
        }));
        Assert.That(answer, Does.Not.Contain("ignored").And.Not.Contain("Content-Length"));
        Assert.That(answer.Split("HTTP/1.1 ").Length, Is.EqualTo(3));
    }

    [Test]
    public void RFC_9110_6_6_1_every_response_has_a_date_that_moves()
    {
        var dialogue = new Dialogue();
        dialogue.Send(Get);
        string first = Encoding.Latin1.GetString(dialogue.Peer.TakeReceived());
        Assert.That(first, Does.Match("\r\nDate: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT\r\n"));
    }

    [Test]
    public void Head_and_small_body_leave_in_one_send_and_so_do_pipelined_answers()
    {
        var dialogue = new Dialogue();
        dialogue.Send(Get);
        Assert.That(dialogue.Peer.SendCount, Is.EqualTo(1));
        dialogue.Send(string.Concat(Enumerable.Repeat(Get, 16)));
        Assert.That(dialogue.Peer.SendCount, Is.EqualTo(2));
        Assert.That(dialogue.Take().Split("HTTP/1.1 200").Length, Is.EqualTo(18));
    }

    [Test]
    public void Pipelined_answers_keep_their_order_though_the_first_handler_is_slow()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(server => server
            .MapGet("/slow", async context =>
            {
                await gate.Task;
                await context.Response.WriteAsync("slow");
            })
            .MapGet("/fast", static context => context.Response.WriteAsync("fast")));
        dialogue.Send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /fast HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.That(dialogue.Take(), Is.Empty);
        gate.SetResult();
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("fast"u8) >= 0), Is.True);
        string answer = dialogue.Take();
        Assert.That(answer.IndexOf("slow", StringComparison.Ordinal), Is.LessThan(answer.IndexOf("fast", StringComparison.Ordinal)));
    }

    [Test]
    public void The_last_request_that_MaxRequestsPerConnection_allows_is_answered_with_close()
    {
        string answer = Dialogue.Ask(Get + Get + Get, configure: static options => options.Limits.MaxRequestsPerConnection = 2);
        Assert.That(answer.Split("HTTP/1.1 200").Length, Is.EqualTo(3));
        Assert.That(answer, Does.Contain("Connection: close\r\n").And.EndWith("<FIN>"));
    }

    [Test]
    public void RFC_9110_15_5_9_a_head_that_does_not_end_is_answered_with_408()
    {
        var dialogue = new Dialogue(configure: static options => options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10));
        dialogue.Send("GET / HT");
        dialogue.Advance(TimeSpan.FromSeconds(9));
        Assert.That(dialogue.Take(), Is.Empty);
        dialogue.Send("T");
        dialogue.Advance(TimeSpan.FromSeconds(2));
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 408 ").And.EndWith("<FIN>"));
    }

    [Test]
    public void A_connection_that_says_nothing_is_closed_without_a_word()
    {
        var fresh = new Dialogue(configure: static options => options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10));
        fresh.Advance(TimeSpan.FromSeconds(11));
        Assert.That(fresh.Take(), Is.EqualTo("<FIN>"));
        var idle = new Dialogue(configure: static options => options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(20));
        idle.Send(Get);
        idle.Take();
        idle.Advance(TimeSpan.FromSeconds(19));
        Assert.That(idle.Take(), Is.Empty);
        idle.Advance(TimeSpan.FromSeconds(2));
        Assert.That(idle.Take(), Is.EqualTo("<FIN>"));
    }

    [Test]
    public void A_second_head_has_its_own_clock()
    {
        var dialogue = new Dialogue(configure: static options => options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10));
        dialogue.Send(Get);
        dialogue.Advance(TimeSpan.FromSeconds(30));
        dialogue.Take();
        dialogue.Send("GET ");
        dialogue.Advance(TimeSpan.FromSeconds(11));
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 408 "));
    }

    [Test]
    public void A_body_slower_than_MinRequestBodyDataRate_is_answered_with_408_and_a_fast_one_is_not()
    {
        static void Slow(HttpServerOptions options)
        {
            options.Limits.MinRequestBodyDataRate = 100;
            options.Limits.RequestBodyGracePeriod = TimeSpan.FromSeconds(5);
        }

        const string Post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n";
        var slow = new Dialogue(configure: Slow);
        slow.Send(Post);
        slow.Send("x");
        slow.Advance(TimeSpan.FromSeconds(6));
        slow.Run();
        Assert.That(slow.Take(), Does.StartWith("HTTP/1.1 408 ").And.EndWith("<FIN>"));
        var fast = new Dialogue(configure: Slow);
        fast.Send(Post);
        for (int i = 0; i < 5; i++)
        {
            fast.Advance(TimeSpan.FromSeconds(4));
            fast.Send(new string('x', 1000));
        }

        Assert.That(fast.Take(), Does.StartWith("HTTP/1.1 200 "));
    }

    [Test]
    public void A_handler_that_reads_slowly_holds_its_peer_back()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(server => server.MapPost("/", async context =>
        {
            await gate.Task;
            byte[] body = await context.Request.ReadBytesAsync(1 << 20);
            await context.Response.WriteAsync($"{body.Length}");
        }));
        dialogue.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
        for (int i = 0; i < 3; i++)
        {
            dialogue.Send(new byte[50_000]);
        }

        Assert.That(dialogue.Peer.Server.IsPaused, Is.True);
        gate.SetResult();
        for (int i = 0; i < 3; i++)
        {
            dialogue.Send(new byte[50_000]);
        }

        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("300000"u8) >= 0), Is.True);
    }

    [Test]
    public void A_handler_that_fails_before_the_head_becomes_a_500_told_once_and_the_connection_goes_on([Values] bool isAsync)
    {
        var dialogue = new Dialogue(server => server
            .MapGet("/", async context =>
            {
                context.Response.Headers.Set("X-Half", "done");
                await context.Response.WriteAsync("half");
                if (isAsync)
                {
                    await Task.Yield();
                }

                throw new InvalidOperationException("handler");
            })
            .MapGet("/ok", static context => context.Response.WriteAsync("ok")));
        dialogue.Send(Get + "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n");
        dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("\r\n\r\nok"u8) >= 0);
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 500 ").And.Not.Contain("half").And.Not.Contain("X-Half").And.EndWith("ok"));
        Assert.That(dialogue.Errors, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_handler_that_fails_after_the_head_resets_the_connection()
    {
        var dialogue = new Dialogue(static server => server.MapGet("/", static async context =>
        {
            await context.Response.WriteAsync("half");
            await context.Response.FlushAsync();
            throw new InvalidOperationException("handler");
        }));
        dialogue.Send(Get);
        Assert.That(dialogue.Take(), Does.EndWith("<RST>").And.Not.Contain("0\r\n\r\n"));
        Assert.That(dialogue.Errors, Has.Count.EqualTo(1));
        Assert.That(dialogue.Engine.ConnectionCount, Is.Zero);
    }

    [Test]
    public void A_body_that_is_not_as_long_as_its_head_said_resets_the_connection([Values(3, 7)] int written)
    {
        string answer = Dialogue.Ask(Get, server => server.MapGet("/", async context =>
        {
            context.Response.ContentLength = 5;
            await context.Response.FlushAsync();
            await context.Response.WriteAsync(new byte[written]);
        }));
        Assert.That(answer, Does.EndWith("<RST>"));
    }

    [TestCase("X\r\nY", "1")]
    [TestCase("X", "1\r\nY: 2")]
    [TestCase("X", "1\n")]
    [TestCase("X", "\0")]
    [TestCase("X Y", "1")]
    [TestCase("", "1")]
    [TestCase("X", "☃")]
    [TestCase("Transfer-Encoding", "chunked")]
    [TestCase("Connection", "upgrade")]
    [TestCase("Content-Length", "x")]
    public void RFC_9110_5_5_a_field_that_would_break_the_head_is_refused(string name, string value)
    {
        Exception? refused = null;
        Dialogue.Ask(Get, server => server.MapGet("/", context =>
        {
            refused = Assert.Catch<ArgumentException>(() => context.Response.Headers.Set(name, value));
            return default;
        }));
        Assert.That(refused, Is.Not.Null);
    }

    [Test]
    public void A_large_body_is_streamed_through_a_queue_that_stays_bounded()
    {
        byte[] body = new byte[5_000_000];
        Random.Shared.NextBytes(body);
        var dialogue = new Dialogue(server => server.MapGet("/", context =>
        {
            context.Response.ContentLength = body.Length;
            return context.Response.WriteAsync(body);
        }));
        dialogue.Peer.RoomBytes = 0;
        dialogue.Send(Get);
        Assert.That(dialogue.Engine.Metrics.QueuedBytes, Is.LessThanOrEqualTo(65_536 + 4096));
        byte[] received = [];
        for (int i = 0; i < 1000 && received.Length < body.Length + 50; i++)
        {
            dialogue.Peer.AddRoom(100_000);
            dialogue.Run();
            received = [.. received, .. dialogue.Peer.TakeReceived()];
            Assert.That(dialogue.Engine.Metrics.QueuedBytes, Is.LessThanOrEqualTo(65_536 + 4096));
        }

        Assert.That(received.AsSpan().EndsWith(body), Is.True);
        Assert.That(dialogue.Engine.Metrics.RentedSegments, Is.Zero);
    }

    [Test]
    public void A_peer_that_asks_without_reading_is_not_asked_for_more()
    {
        var dialogue = new Dialogue(static server => server.MapGet("/", static context => context.Response.WriteAsync(new byte[10_000])));
        dialogue.Peer.RoomBytes = 0;
        for (int i = 0; i < 200; i++)
        {
            dialogue.Send(Get);
        }

        Assert.That(dialogue.Engine.Metrics.QueuedBytes, Is.LessThan(100_000));
        int answers = 0;
        for (int i = 0; i < 1000 && answers < 200; i++)
        {
            dialogue.Peer.AddRoom(50_000);
            dialogue.Run();
            answers += Encoding.Latin1.GetString(dialogue.Peer.TakeReceived()).Split("HTTP/1.1 200").Length - 1;
        }

        Assert.That(answers, Is.EqualTo(200));
    }

    private static void MapFlushing(HttpServer server) => server.MapGet("/", static async context =>
    {
        await context.Response.WriteAsync("one");
        await context.Response.FlushAsync();
        await context.Response.WriteAsync("two");
    });
}
