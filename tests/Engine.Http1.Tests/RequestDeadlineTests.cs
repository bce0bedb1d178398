namespace Engine.Http1.Tests;

/// <summary>The clocks of a request: each is set and cleared by its owner alone.</summary>
public sealed class RequestDeadlineTests
{
    [Test]
    public void A_body_that_is_asked_for_late_by_a_100_is_not_too_slow_at_once()
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(server => server.MapPost("/", async context =>
        {
            await gate.Task;
            await context.Response.WriteAsync(await context.Request.ReadBytesAsync());
        }));
        dialogue.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        dialogue.Advance(TimeSpan.FromSeconds(4.9));
        gate.SetResult();
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.Length > 0), Is.True);
        Assert.That(dialogue.Take(), Is.EqualTo("HTTP/1.1 100 Continue\r\n\r\n"));
        dialogue.Advance(TimeSpan.FromSeconds(1));
        dialogue.Send("hello");
        dialogue.RunUntil(() => dialogue.Peer.Received.Length > 0);
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 200 ").And.EndWith("hello"));
    }

    [Test]
    public void A_body_that_does_not_come_after_its_100_is_too_slow()
    {
        var dialogue = new Dialogue();
        dialogue.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        dialogue.Advance(TimeSpan.FromSeconds(12));
        dialogue.RunUntil(() => dialogue.Peer.SawFin);
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 "));
    }

    [Test]
    public void No_100_is_written_into_a_response_that_has_started()
    {
        var dialogue = new Dialogue(static server => server.MapPost("/", static async context =>
        {
            await context.Response.WriteAsync("early;");
            await context.Response.FlushAsync();
            byte[] body = await context.Request.ReadBytesAsync();
            await context.Response.WriteAsync($"got {body.Length};");
        }));
        dialogue.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        Assert.That(dialogue.Take(), Does.EndWith("6\r\nearly;\r\n"));
        dialogue.Send("hello");
        dialogue.RunUntil(() => dialogue.Peer.Received.Length > 0);
        Assert.That(dialogue.Take(), Is.EqualTo("6\r\ngot 5;\r\n0\r\n\r\n"));
    }

    [Test]
    public void The_timer_of_a_stream_goes_on_when_the_body_of_its_request_ends()
    {
        int beats = 0;
        var dialogue = new Dialogue(server => server.MapPost("/", async context =>
        {
            ResponseStream stream = context.Response.StartStream();
            stream.SetTimer(TimeSpan.FromSeconds(1), () =>
            {
                beats++;
                return TimeSpan.FromSeconds(1);
            });
            await Task.Delay(Timeout.Infinite, stream.Closed);
        }));
        dialogue.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
        dialogue.Advance(TimeSpan.FromSeconds(2.5));
        Assert.That(beats, Is.EqualTo(2));
        dialogue.Send("hello");
        dialogue.Advance(TimeSpan.FromSeconds(5));
        Assert.That(beats, Is.InRange(6, 7));
    }

    [Test]
    public void The_timer_of_a_stream_does_not_keep_the_rate_of_its_body_from_being_judged()
    {
        Exception? failure = null;
        var dialogue = new Dialogue(server => server.MapPost("/", async context =>
        {
            ResponseStream stream = context.Response.StartStream();
            stream.SetTimer(TimeSpan.FromSeconds(1), static () => TimeSpan.FromSeconds(1));
            try
            {
                await context.Request.ReadBytesAsync();
            }
            catch (RequestBodyException exception)
            {
                failure = exception;
            }
        }));
        dialogue.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
        dialogue.Advance(TimeSpan.FromSeconds(6));
        Assert.That(dialogue.RunUntil(() => failure is not null), Is.True);
        Assert.That(((RequestBodyException)failure!).StatusCode, Is.EqualTo(408));
    }
}
