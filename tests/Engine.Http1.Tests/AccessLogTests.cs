using System.Security.Claims;
using System.Threading.Channels;
using Engine.TestKit;

namespace Engine.Http1.Tests;

public sealed class AccessLogTests(TransportKind transport) : OverSockets(transport)
{
    private sealed record Line(string Target, int Status, bool HasResponse, long Bytes, TimeSpan Duration, CloseReason Reason, string Combined);

    private readonly Channel<Line> _lines = Channel.CreateUnbounded<Line>();

    private Task ServeAsync(HandlerScheduling scheduling = HandlerScheduling.EventLoop) => StartAsync(
        server => server
            .Use(AccessLog.Create((in AccessLogEntry entry) => _lines.Writer.TryWrite(new Line(
                entry.Context.Request.Path, entry.StatusCode, entry.HasResponse, entry.BodyBytes, entry.Duration, entry.CloseReason,
                entry.ToCombinedLine(new DateTimeOffset(2026, 11, 5, 6, 7, 8, TimeSpan.FromHours(1)))))))
            .Use(static (context, next) =>
            {
                context.SetUser(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "a b\"")], "test")));
                return next(context);
            })
            .Use(ResponseCompression.Create())
            .MapGet("/text", static context => context.Response.WriteAsync("hello"))
            .MapGet("/long", static context => context.Response.WriteAsync(new string('x', 10_000)))
            .MapGet("/parts", static async context =>
            {
                for (int i = 0; i < 3; i++)
                {
                    await context.Response.WriteAsync("part");
                    await context.Response.FlushAsync();
                    await Task.Yield();
                }
            })
            .MapGet("/throws", static _ => throw new InvalidOperationException("handler"))
            .MapPost("/json", static async context => await context.Request.ReadBytesAsync(maxBytes: 3))
            .MapGet("/switch", static context =>
            {
                context.Upgrade!.Accept("echo", new Silent());
                return default;
            })
            .MapGet("/waits", static async context =>
            {
                var left = new TaskCompletionSource();
                await using CancellationTokenRegistration registration = context.Connection.ClosedToken.Register(left.SetResult);
                await left.Task;
            }),
        options => options.HandlerScheduling = scheduling);

    [Test]
    public async Task Each_request_is_told_once_with_status_bytes_and_time([Values] HandlerScheduling scheduling)
    {
        await ServeAsync(scheduling);
        await using RawClient client = await ConnectAsync();
        foreach ((string request, int status, long bytes) in new[]
        {
            ("GET /text", 200, 5L), ("HEAD /text", 200, 5), ("GET /parts", 200, 12), ("GET /none", 404, 10), ("POST /text", 405, 19), ("OPTIONS /text", 204, 0),
        })
        {
            RawHttpResponse response = await client.RequestAsync($"{request} HTTP/1.1\r\nHost: a\r\n\r\n");
            Line line = await NextAsync();
            Assert.That((line.Target, line.Status, line.HasResponse, line.Reason), Is.EqualTo((request.Split(' ')[1], status, true, CloseReason.None)), request);
            Assert.That(line.Bytes, Is.EqualTo(request.StartsWith("HEAD", StringComparison.Ordinal) ? line.Bytes : bytes), request);
            Assert.That(line.Duration, Is.GreaterThanOrEqualTo(TimeSpan.Zero));
            Assert.That(response.StatusCode, Is.EqualTo(status));
        }
    }

    [Test]
    public async Task The_status_is_the_one_that_was_sent_also_when_the_handler_failed()
    {
        await ServeAsync();
        Assert.That((await GetAsync("/throws")).StatusCode, Is.EqualTo(500));
        Assert.That((await NextAsync()).Status, Is.EqualTo(500));
        Assert.That(TakeErrors(), Has.Length.EqualTo(1));
        Assert.That((await AskAsync("POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n1234")).StatusCode, Is.EqualTo(413));
        Assert.That((await NextAsync()).Status, Is.EqualTo(413));
        await using RawClient client = await ConnectAsync();
        Assert.That((await client.RequestAsync("GET /switch HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")).StatusCode, Is.EqualTo(101));
        Assert.That((await NextAsync()).Status, Is.EqualTo(101));
    }

    [Test]
    public async Task Bytes_are_those_that_were_sent()
    {
        await ServeAsync();
        RawHttpResponse response = await GetAsync("/long", "Accept-Encoding: gzip\r\n");
        Assert.That((await NextAsync()).Bytes, Is.EqualTo(response.Body.Length).And.LessThan(1000));
    }

    [Test]
    public async Task A_client_that_leaves_first_is_told_with_the_reason()
    {
        await ServeAsync();
        await using (RawClient client = await ConnectAsync())
        {
            await client.SendAsync("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
            client.Reset();
        }

        Line line = await NextAsync();
        Assert.That((line.Target, line.HasResponse, line.Reason), Is.EqualTo(("/waits", false, CloseReason.PeerReset)));
        Assert.That(line.Combined, Does.Contain("\" 499 - \""));
    }

    [Test]
    public async Task The_combined_line_cannot_be_broken_by_what_clients_send()
    {
        await ServeAsync();
        await GetAsync("/text?q=\"\\", "User-Agent: x\" \xe4\t\\\r\nReferer: http://a/\r\n");
        Assert.That(
            (await NextAsync()).Combined,
            Is.EqualTo("127.0.0.1 - a_b\\\" [05/Nov/2026:05:07:08 +0000] \"GET /text?q=\\\"\\\\ HTTP/1.1\" 200 5 \"http://a/\" \"x\\\" \\xc3\\xa4\\x09\\\\\""));
    }

    private async Task<Line> NextAsync()
    {
        using var source = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _lines.Reader.ReadAsync(source.Token);
    }

    private sealed class Silent : ConnectionProtocol
    {
        protected internal override int OnReceived(Connection connection, Span<byte> bytes) => bytes.Length;
    }
}
