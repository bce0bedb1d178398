namespace Engine.Http1.Tests;

/// <summary>What becomes of exceptions, refusals and hooks: the client's fault is 4xx, the host's is told once, and middleware sees the truth.</summary>
public sealed class HandlerFailureTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [TestCase("GET /?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [TestCase("GET /?a=100% HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [TestCase("GET /?b=%00&a=x HTTP/1.1\r\nHost: a\r\n\r\n", 200)]
    [TestCase("GET /?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n", 200)]
    [TestCase("POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\na=%zz", 400)]
    [TestCase("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\naaaaaaaaaaaaaaaaaaaa", 413)]
    public void What_a_peer_sends_never_gives_500(string request, int status)
    {
        var dialogue = new Dialogue(static server => server
            .MapGet("/", static context => context.Response.WriteAsync(context.Request.GetQueryValue("a")!))
            .MapPost("/form", static async context => await context.Response.WriteAsync((await context.Request.ReadFormAsync())!["a"]!))
            .MapPost("/small", static async context => await context.Request.ReadBytesAsync(10)));
        dialogue.Send(request);
        Assert.That(dialogue.Take(), Does.StartWith($"HTTP/1.1 {status} "));
        Assert.That(dialogue.Errors, Is.Empty, "the client's fault is no failure of the host");
    }

    [Test]
    public void Middleware_sees_the_status_that_a_failure_becomes([Values] bool isAsync, [Values(400, 500)] int status)
    {
        int seen = 0;
        var dialogue = new Dialogue(server => server.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            finally
            {
                seen = context.Response.StatusCode;
            }
        }).MapGet("/", async context =>
        {
            if (isAsync)
            {
                await Task.Yield();
            }

            throw status == 400 ? new RequestFormatException("x") : new InvalidOperationException("x");
        }));
        dialogue.Send(Get);
        dialogue.RunUntil(() => dialogue.Peer.Received.Length > 0);
        Assert.That(seen, Is.EqualTo(status));
        Assert.That(dialogue.Take(), Does.StartWith($"HTTP/1.1 {status} "));
        Assert.That(dialogue.Errors, Has.Count.EqualTo(status == 500 ? 1 : 0));
    }

    [Test]
    public void Middleware_sees_101_for_an_accepted_upgrade_and_the_bytes_of_a_body()
    {
        int status = 0;
        long bytes = -1;
        static void Map(HttpServer server, Action<HttpContext> see) => server.Use(async (context, next) =>
        {
            await next(context);
            see(context);
        }).MapGet("/", static context =>
        {
            context.Upgrade?.Accept("x", new Successor());
            return context.Upgrade is null ? WriteAsync(context) : default;
        });
        static async ValueTask WriteAsync(HttpContext context)
        {
            await context.Response.WriteAsync("12345");
            await context.Response.FlushAsync();
        }

        Dialogue.Ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", server => Map(server, context => status = context.Response.StatusCode));
        Dialogue.Ask(Get, server => Map(server, context => bytes = context.Response.BodyBytes));
        Assert.That(status, Is.EqualTo(101));
        Assert.That(bytes, Is.EqualTo(5));
    }

    [Test]
    public void A_500_keeps_the_fields_that_middleware_set_and_drops_those_of_the_handler_and_of_its_content()
    {
        string answer = Dialogue.Ask(Get, static server => server.Use(static (context, next) =>
        {
            context.Response.Headers.Set("Access-Control-Allow-Origin", "*");
            context.Response.Headers.Set("ETag", "\"x\"");
            return next(context);
        }).MapGet("/", static context =>
        {
            context.Response.Headers.Set("X-Secret", "1");
            context.Response.ContentType = "image/png";
            throw new InvalidOperationException("x");
        }));
        Assert.That(answer, Is.EqualTo(
            "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\nAccess-Control-Allow-Origin: *\r\n\r\nInternal Server Error\n"));
    }

    [Test]
    public void An_exception_after_an_accepted_upgrade_refuses_it([Values] bool isOfMiddleware)
    {
        var dialogue = new Dialogue(server => server.Use(async (context, next) =>
        {
            await next(context);
            if (isOfMiddleware)
            {
                throw new InvalidOperationException("middleware");
            }
        }).MapGet("/", context =>
        {
            context.Upgrade!.Accept("x", new Successor());
            return isOfMiddleware ? default : throw new InvalidOperationException("handler");
        }));
        dialogue.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 500 ").And.Not.Contain("Upgrade"));
        dialogue.Send(Get);
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 500 "), "the connection still speaks HTTP");
    }

    [Test]
    public void An_OnError_that_throws_does_not_keep_the_response_from_its_client()
    {
        var dialogue = new Dialogue(
            static server => server.MapGet("/", static async _ =>
            {
                await Task.Yield();
                throw new InvalidOperationException("handler");
            }),
            static options => options.OnError = static (_, _) => throw new InvalidOperationException("hook"));
        dialogue.Send(Get);
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.Length > 0), Is.True);
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 500 "));
    }

    [Test]
    public void A_refusal_before_routing_reaches_the_hook_which_may_give_the_body_and_is_counted()
    {
        HttpServer? http = null;
        HttpRejection reason = HttpRejection.None;
        var dialogue = new Dialogue(
            server => http = server,
            options => options.OnRefused = refusal =>
            {
                reason = refusal.Reason;
                refusal.Body = "{\"error\":1}";
                refusal.ContentType = "application/json";
            });
        dialogue.Send("GET / HTTP/1.1\r\n\r\n");
        Assert.That(dialogue.Take(), Is.EqualTo("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"error\":1}<FIN>"));
        Assert.That(reason, Is.EqualTo(HttpRejection.BadRequest));
        Assert.That(http!.RefusedCount(HttpRejection.BadRequest), Is.EqualTo(1));
        Assert.That(http.RefusedCount(HttpRejection.UriTooLong), Is.Zero);
    }

    [Test]
    public void An_OnRefused_that_throws_leaves_the_response_as_it_is()
    {
        string answer = Dialogue.Ask("GET / HTTP/1.1\r\n\r\n", configure: static options => options.OnRefused = static _ => throw new InvalidOperationException("hook"));
        Assert.That(answer, Does.StartWith("HTTP/1.1 400 ").And.EndWith("Bad Request\n<FIN>"));
    }

    [Test]
    public void A_body_limit_of_a_route_goes_before_the_servers([Values] bool isChunked)
    {
        static string Ask(string path, bool isChunked) => Dialogue.Ask(
            $"POST {path} HTTP/1.1\r\nHost: a\r\n" + (isChunked ? "Transfer-Encoding: chunked\r\n\r\n14\r\naaaaaaaaaaaaaaaaaaaa\r\n0\r\n\r\n" : "Content-Length: 20\r\n\r\naaaaaaaaaaaaaaaaaaaa"),
            static server => server
                .Map("POST", "/large", static async context => await context.Response.WriteAsync(await context.Request.ReadBytesAsync()), new RouteOptions { MaxRequestBodySize = 100 })
                .Map("POST", "/small", static async context => await context.Response.WriteAsync(await context.Request.ReadBytesAsync()), new RouteOptions { MaxRequestBodySize = 5 }),
            static options => options.Limits.MaxRequestBodySize = 10);
        Assert.That(Ask("/large", isChunked), Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Ask("/small", isChunked), Does.StartWith("HTTP/1.1 413 "));
    }

    [Test]
    public void A_handler_that_takes_longer_than_its_route_allows_is_cancelled_and_answered_with_503()
    {
        var dialogue = new Dialogue(static server => server.Map(
            "GET", "/", static async context => await Task.Delay(Timeout.Infinite, context.RequestAborted), new RouteOptions { RequestTimeout = TimeSpan.FromSeconds(2) }));
        dialogue.Send(Get);
        dialogue.Advance(TimeSpan.FromSeconds(1));
        Assert.That(dialogue.Take(), Is.Empty);
        dialogue.Advance(TimeSpan.FromSeconds(2));
        Assert.That(dialogue.RunUntil(() => dialogue.Peer.Received.Length > 0), Is.True);
        Assert.That(dialogue.Take(), Does.StartWith("HTTP/1.1 503 "));
        Assert.That(dialogue.Errors, Is.Empty);
    }

    private sealed class Successor : ConnectionProtocol
    {
        protected internal override int OnReceived(Connection connection, Span<byte> bytes) => bytes.Length;
    }
}
