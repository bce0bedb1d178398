using System.Text;

namespace Engine.Http1.Tests;

/// <summary>Responses whose writes overlap, stall, are abandoned, or do not keep what their head says.</summary>
public sealed class ResponseWritingTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

    [Test]
    public void A_write_that_nobody_awaited_ends_before_the_response_does_and_before_the_next_response()
    {
        byte[] large = new byte[1_000_000];
        Array.Fill(large, (byte)'a');
        var dialogue = new Dialogue(server => MapNext(server).MapGet("/", context =>
        {
            _ = context.Response.WriteAsync(large).AsTask();
            return default;
        }));
        dialogue.Peer.RoomBytes = 1000;
        dialogue.Send(Get + Next);
        dialogue.Peer.AddRoom(int.MaxValue);
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("next!"u8) >= 0), Is.True);
        string[] parts = Encoding.Latin1.GetString(dialogue.Peer.TakeReceived()).Split("0\r\n\r\n");
        Assert.That(parts, Has.Length.EqualTo(2));
        Assert.That(parts[0].Count(static one => one == 'a'), Is.GreaterThanOrEqualTo(1_000_000));
        Assert.That(parts[1], Does.StartWith("HTTP/1.1 200").And.EndWith("next!"));
        Assert.That(dialogue.Errors, Is.Empty);
    }

    [Test]
    public void A_write_within_another_is_refused_and_leaves_the_other_whole()
    {
        Exception? refused = null;
        byte[] large = new byte[200_000];
        var dialogue = new Dialogue(server => server.MapGet("/", async context =>
        {
            ValueTask first = context.Response.WriteAsync(large);
            try
            {
                await context.Response.FlushAsync();
            }
            catch (InvalidOperationException exception)
            {
                refused = exception;
            }

            await first;
        }));
        dialogue.Peer.RoomBytes = 1000;
        dialogue.Send(Get);
        dialogue.Peer.AddRoom(int.MaxValue);
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.EndsWith("0\r\n\r\n"u8)), Is.True);
        Assert.That(refused, Is.Not.Null);
    }

    [Test]
    public void The_token_of_a_write_is_honoured_while_it_waits_and_the_response_stays_well_formed()
    {
        using var source = new CancellationTokenSource();
        Exception? seen = null;
        var dialogue = new Dialogue(server => MapNext(server).MapGet("/", async context =>
        {
            try
            {
                await context.Response.WriteAsync(new byte[1_000_000], source.Token);
            }
            catch (OperationCanceledException exception)
            {
                seen = exception;
            }
        }));
        dialogue.Peer.RoomBytes = 1000;
        dialogue.Send(Get + Next);
        source.Cancel();
        Assert.That(dialogue.RunUntil(() => seen is not null), Is.True, "the peer has not read on");
        dialogue.Peer.AddRoom(int.MaxValue);
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.IndexOf("next!"u8) >= 0), Is.True);
        Assert.That(Encoding.Latin1.GetString(dialogue.Peer.TakeReceived()), Does.Contain("\r\n0\r\n\r\nHTTP/1.1 200"));
    }

    [Test]
    public void Content_that_is_not_as_long_as_ContentLength_says_is_told_and_answered_with_500_before_it_starts([Values(2, 10)] int declared)
    {
        var dialogue = new Dialogue(server => server.MapGet("/", context =>
        {
            context.Response.ContentLength = declared;
            return context.Response.WriteAsync("abc");
        }));
        dialogue.Send(Get);
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 500 "));
        Assert.That(dialogue.Errors, Has.Count.EqualTo(1));
        Assert.That(dialogue.Errors[0].Message, Does.Contain($"3 of {declared} bytes"));
    }

    [Test]
    public void Content_shorter_than_ContentLength_says_is_told_and_ends_the_connection_after_it_started()
    {
        var dialogue = new Dialogue(static server => server.MapGet("/", static async context =>
        {
            context.Response.ContentLength = 10;
            await context.Response.WriteAsync("abc");
            await context.Response.FlushAsync();
        }));
        dialogue.Send(Get);
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.SawReset), Is.True);
        Assert.That(dialogue.Errors[0].Message, Does.Contain("3 of 10 bytes"));
    }

    [Test]
    public void Trailers_set_before_a_stream_follow_its_last_chunk()
    {
        string answer = Dialogue.Ask(Get, static server => server.MapGet("/", static async context =>
        {
            context.Response.AppendTrailer("X-Sum", "1");
            ResponseStream stream = context.Response.StartStream();
            await stream.SendAsync("abc"u8.ToArray());
        }));
        Assert.That(answer, Does.EndWith("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"));
    }

    [Test]
    public void Header_fields_and_their_typed_twins_are_one_truth()
    {
        string answer = Dialogue.Ask(Get, static server => server.MapGet("/", static context =>
        {
            ResponseHeaders headers = context.Response.Headers;
            headers["content-type"] = "a/b";
            Assert.That(context.Response.ContentType, Is.EqualTo("a/b"));
            context.Response.ContentType = "c/d";
            Assert.That(headers["Content-Type"], Is.EqualTo("c/d"));
            headers["Content-Type"] = null;
            Assert.That(context.Response.ContentType, Is.Null);
            context.Response.ContentLength = 3;
            Assert.That(headers["Content-Length"], Is.EqualTo("3"));
            Assert.That(headers.Remove("content-length"), Is.True);
            Assert.That(context.Response.ContentLength, Is.Null);
            headers.Set("Connection", "close");
            Assert.That(headers["connection"], Is.EqualTo("close"));
            Assert.That(headers.Remove("Connection"), Is.True);
            headers.Set("Date", "x");
            headers.Remove("Date");
            return context.Response.WriteAsync("abc");
        }));
        Assert.That(answer, Is.EqualTo("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\nabc"));
    }

    [Test]
    public void Header_fields_cannot_be_changed_once_the_response_has_started()
    {
        var dialogue = new Dialogue(static server => server.MapGet("/", static async context =>
        {
            await context.Response.FlushAsync();
            Assert.That(() => context.Response.Headers.Set("X-Late", "1"), Throws.InvalidOperationException);
            Assert.That(() => context.Response.Headers.Append("X-Late", "1"), Throws.InvalidOperationException);
            Assert.That(() => context.Response.Headers.Remove("X-Late"), Throws.InvalidOperationException);
            Assert.That(() => context.Response.ContentType = "a/b", Throws.InvalidOperationException);
            Assert.That(() => context.Response.ContentLength = 1, Throws.InvalidOperationException);
        }));
        dialogue.Send(Get);
        Assert.That(dialogue.Errors, Is.Empty);
    }

    private static HttpServer MapNext(HttpServer server) => server.MapGet("/next", static context => context.Response.WriteAsync("next!"));
}
