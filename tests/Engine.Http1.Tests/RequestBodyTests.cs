namespace Engine.Http1.Tests;

/// <summary>Bodies: waited for, bounded, skipped.</summary>
public sealed class RequestBodyTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Test]
    public void RFC_9110_10_1_1_a_client_that_waits_is_told_to_go_on_when_the_body_is_read()
    {
        var dialogue = new Dialogue();
        dialogue.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        Assert.That(dialogue.Take(), Is.EqualTo("HTTP/1.1 100 Continue\r\n\r\n"));
        dialogue.Send("ok");
        Assert.That(dialogue.Take(), Is.EqualTo("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    }

    [Test]
    public void RFC_9110_10_1_1_a_client_that_waits_is_answered_and_closed_when_the_body_is_not_wanted()
    {
        string answer = Dialogue.Ask(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
            static server => server.MapPost("/", static context => context.Response.WriteAsync("no")));
        Assert.That(answer, Does.StartWith("HTTP/1.1 200 ").And.Not.Contain("100 Continue").And.EndWith("no<FIN>"));
    }

    [Test]
    public void RFC_9110_10_1_1_nobody_who_sends_at_once_is_told_to_go_on()
        => Assert.That(Dialogue.Ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok"), Does.StartWith("HTTP/1.1 200 "));

    [Test]
    public void RFC_9110_15_5_12_a_length_is_required_where_the_option_says_so()
    {
        const string Post = "POST / HTTP/1.1\r\nHost: a\r\n\r\n";
        Assert.That(Dialogue.Ask(Post), Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Dialogue.Ask(Post, configure: static options => options.Limits.RequireContentLength = true), Does.StartWith("HTTP/1.1 411 ").And.EndWith("<FIN>"));
        Assert.That(Dialogue.Ask(Get, configure: static options => options.Limits.RequireContentLength = true), Does.StartWith("HTTP/1.1 200 "));
    }

    [Test]
    public void RFC_9110_15_5_14_a_body_past_MaxRequestBodySize_is_answered_with_413([Values] bool isChunked)
    {
        string head = isChunked ? "Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n" : "Content-Length: 11\r\n\r\nhello world";
        string request = $"POST / HTTP/1.1\r\nHost: a\r\n{head}";
        Assert.That(Dialogue.Ask(request, configure: static options => options.Limits.MaxRequestBodySize = 10), Does.StartWith("HTTP/1.1 413 ").And.EndWith("<FIN>"));
    }

    [TestCase("FFFFFFFFF\r\n")]
    [TestCase("FFFFFFFFF;a=b\r\nx")]
    [TestCase("5\r\nhello\r\n6\r\n")]
    public void RFC_9110_15_5_14_a_chunk_whose_size_is_past_the_limit_is_refused_before_it_comes(string beginning)
    {
        string request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + beginning;
        Assert.That(Dialogue.Ask(request, configure: static options => options.Limits.MaxRequestBodySize = 10), Does.StartWith("HTTP/1.1 413 ").And.EndWith("<FIN>"));
    }

    [Test]
    public void Chunk_extensions_past_MaxChunkExtensionsSize_are_refused()
    {
        string request = $"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;{new string('a', 100)}\r\nx\r\n0\r\n\r\n";
        Assert.That(Dialogue.Ask(request), Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Dialogue.Ask(request, configure: static options => options.Limits.MaxChunkExtensionsSize = 50), Does.StartWith("HTTP/1.1 400 ").And.EndWith("<FIN>"));
    }

    [Test]
    public void Trailers_past_MaxRequestTrailersTotalSize_are_refused()
    {
        string request = $"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: {new string('a', 100)}\r\n\r\n";
        Assert.That(Dialogue.Ask(request), Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Dialogue.Ask(request, configure: static options => options.Limits.MaxRequestTrailersTotalSize = 50), Does.StartWith("HTTP/1.1 431 ").And.EndWith("<FIN>"));
    }

    [Test]
    public void A_body_that_no_handler_read_is_skipped_within_MaxUnreadBodySize_and_closes_past_it()
    {
        static void Map(HttpServer server) => server.Map("*", "/", static context => context.Response.WriteAsync("done"));
        string Post(int length) => $"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n";
        var inside = new Dialogue(Map, static options => options.Limits.MaxUnreadBodySize = 100);
        inside.Send(Post(100));
        Assert.That(inside.Take(), Does.EndWith("done"));
        inside.Send(new string('x', 100) + Get);
        Assert.That(inside.Take(), Does.StartWith("HTTP/1.1 200 ").And.EndWith("done"));
        var past = new Dialogue(Map, static options => options.Limits.MaxUnreadBodySize = 99);
        past.Send(Post(100));
        Assert.That(past.Take(), Does.Contain("Connection: close\r\n").And.EndWith("done<FIN>"));
        var chunked = new Dialogue(Map, static options => options.Limits.MaxUnreadBodySize = 10);
        chunked.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        chunked.Take();
        chunked.Send("14\r\n01234567890123456789\r\n");
        Assert.That(chunked.Take(), Is.EqualTo("<FIN>"));
    }

    [TestCase("Content-Length: 10", "slow", "The body came too slowly.")]
    [TestCase("Transfer-Encoding: chunked", "b\r\nhello world\r\n", "The body is larger than allowed.")]
    [TestCase("Transfer-Encoding: chunked", "0\r\nX: aaaaaaaaaaaaaaaa\r\n\r\n", "The body's trailers are larger than allowed.")]
    [TestCase("Transfer-Encoding: chunked", "nonsense\r\n", "The body's framing is broken.")]
    public void A_handler_is_told_why_its_body_does_not_come(string framing, string body, string message)
    {
        string? told = null;
        var dialogue = new Dialogue(
            server => server.MapPost("/", async context =>
            {
                try
                {
                    await context.Request.ReadBytesAsync();
                }
                catch (RequestBodyException exception)
                {
                    told = exception.Message;
                    throw;
                }
            }),
            static options =>
            {
                options.Limits.MinRequestBodyDataRate = 100;
                options.Limits.RequestBodyGracePeriod = TimeSpan.FromSeconds(5);
                options.Limits.MaxRequestBodySize = 10;
                options.Limits.MaxRequestTrailersTotalSize = 10;
            });
        dialogue.Send($"POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
        dialogue.Send(body);
        dialogue.Advance(TimeSpan.FromSeconds(6));
        dialogue.Run();
        Assert.That(told, Is.EqualTo(message));
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 4").And.Contain("Connection: close\r\n"));
    }
}
